// Turns textarea[data-body-editor] into the editor of article bodies. What it holds is what the server keeps, no more.
import {
  BulletList,
  Code,
  Dropcursor,
  Editor,
  Fullscreen,
  Gapcursor,
  HardBreak,
  Heading,
  History,
  HorizontalRule,
  Link,
  ListItem,
  Menu,
  OrderedList,
  Paragraph,
  SpecialCharacters,
  Subscript,
  Superscript,
  Text,
  crel,
  initializeEditors,
  updateAttrsDialog,
} from "django-prose-editor/editor"
import { Note, NoteMark, Notes } from "newsroom/footnotes"
import { KeptBlock } from "newsroom/kept-block"
import { MarkedBlock } from "newsroom/marked-blocks"
import { PastedBold, PastedItalic, withoutStyles } from "newsroom/pasting"
import { DocumentWithCut, PaywallCut } from "newsroom/paywall-cut"
import { QuoteOrPull } from "newsroom/pull-quote"

// The buttons, in groups. Imported stories hold more (fourth-level headings, rules, indices): it is kept, and not offered.
const MENU = [
  ["heading2", "heading3", "paragraph"],
  ["bulletList", "orderedList", "blockquote", "pullQuote"],
  ["note", "table"],
  ["bold", "italic"],
  ["link", "unlink"],
  ["paywallCut", "paywallCut:remove"],
  ["mark:open", "mark:subscribers", "mark:none"],
  ["history:undo", "history:redo"],
  ["fullscreen"],
]

// A text that has no part that costs has no cut and no marked blocks.
const OF_THE_PAYWALL = ["paywallCut", "mark:open"]
const menuItems = (hasCut) => ({ editor, buttons, menu }) => {
  const defined = menu.items("headings nodes lists marks link paywall history utility")
  return MENU.filter(([first]) => hasCut || !OF_THE_PAYWALL.includes(first)).map((names) =>
    menu.buttonGroup(
      { editor, buttons },
      names.flatMap((name) => defined.filter((item) => item.name === name)),
    ),
  )
}

/** An address as people type it: without a scheme it is a host. */
const address = (typed) => {
  const href = typed.trim()
  return /^([a-z][a-z0-9+.-]*:|\/|#)/i.test(href) ? href : `https://${href}`
}

const BodyLink = Link.extend({
  addCommands() {
    const name = this.name
    const ask = updateAttrsDialog({ href: { title: this.options.words.address, required: true } }, { title: this.options.words.link })
    return {
      ...this.parent?.(),
      addLink:
        () =>
        ({ editor }) => {
          if (editor.state.selection.empty && !editor.isActive(name)) return false
          ask(editor, editor.getAttributes(name)).then((answer) => {
            if (answer) editor.chain().focus().extendMarkRange(name).setLink({ href: address(answer.href) }).run()
          })
          return true
        },
    }
  },
})

const extensions = (words) => [
  DocumentWithCut,
  Paragraph,
  Text,
  Heading.configure({ levels: [2, 3, 4] }),
  PastedBold,
  PastedItalic,
  Code,
  Subscript,
  Superscript,
  BodyLink.configure({ enableTarget: false, words }),
  BulletList,
  OrderedList.configure({ enableListAttributes: false }),
  ListItem,
  QuoteOrPull.configure({ words }),
  NoteMark.configure({ words }),
  Notes,
  Note,
  HardBreak,
  HorizontalRule.extend({ addInputRules: () => [] }),
  KeptBlock.configure({ label: words.kept, words }),
  PaywallCut.configure({ words }),
  MarkedBlock.configure({ words }),
  Dropcursor,
  Gapcursor,
  History,
  SpecialCharacters,
  Fullscreen,
  Menu.configure({ items: menuItems(words.cut !== "") }),
]

initializeEditors((textarea) => {
  const words = JSON.parse(textarea.dataset.bodyEditor)
  const element = crel("div", { className: "prose-editor body-editor" })
  textarea.before(element)
  element.append(textarea)
  new Editor({
    element,
    extensions: extensions(words),
    content: textarea.value,
    injectCSS: false, // our policy allows no inline style: its rules are in body-editor.css
    editorProps: { attributes: { "aria-label": words.body, "aria-multiline": "true" }, transformPastedHTML: withoutStyles },
    onUpdate({ editor }) {
      textarea.value = editor.isEmpty ? "" : editor.getHTML()
    },
  })
}, "textarea[data-body-editor]")
