// Text from word processors. Our policy lets no style attribute take effect, and they say bold and italic by nothing else.
import { Bold, Italic } from "django-prose-editor/editor"

/** Styles under a name that no policy minds, and without style sheets. */
export const withoutStyles = (html) =>
  html.replace(/<style[\s\S]*?<\/style>/gi, "").replace(/(<[a-z][^<>]*?)\sstyle=/gi, "$1 data-style=")

const styleOf = (element) => (element.dataset.style ?? "").toLowerCase().replaceAll(" ", "")

const named = (tag, exception) => ({ tag, getAttrs: (element) => !exception.test(styleOf(element)) && null })
const styled = (pattern) => ({ tag: "span[data-style]", consuming: false, getAttrs: (element) => pattern.test(styleOf(element)) && null })

export const PastedBold = Bold.extend({
  parseHTML() {
    return [{ tag: "strong" }, named("b", /font-weight:(normal|400)/), styled(/font-weight:(bold|[6-9]00)/)]
  },
})

export const PastedItalic = Italic.extend({
  parseHTML() {
    return [{ tag: "em" }, named("i", /font-style:normal/), styled(/font-style:italic/)]
  },
})
