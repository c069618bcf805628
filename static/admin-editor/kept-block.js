// A table or preformatted text of an imported story: shown, moved and deleted as a whole, and otherwise kept as it came.
import { Node } from "django-prose-editor/editor"

const KEPT_ATTRIBUTES = ["href", "start", "colspan", "rowspan"]

const plain = (element) => {
  const copy = element.cloneNode(true)
  for (const part of [copy, ...copy.querySelectorAll("*")]) {
    for (const name of part.getAttributeNames()) if (!KEPT_ATTRIBUTES.includes(name)) part.removeAttribute(name)
  }
  return copy.outerHTML
}

const elementOf = (html) => {
  const template = document.createElement("template")
  template.innerHTML = html
  return document.importNode(template.content.firstElementChild, true)
}

export const KeptBlock = Node.create({
  name: "keptBlock",
  group: "block",
  atom: true,
  selectable: true,
  draggable: true,

  addOptions() {
    return { label: "" }
  },

  addAttributes() {
    return { html: { default: "<pre></pre>", parseHTML: plain, rendered: false } }
  },

  parseHTML() {
    return [{ tag: "table" }, { tag: "pre" }]
  },

  renderHTML({ node }) {
    return elementOf(node.attrs.html)
  },

  addNodeView() {
    return ({ node }) => {
      const dom = document.createElement("div")
      dom.className = "kept-block"
      dom.title = this.options.label
      dom.append(elementOf(node.attrs.html))
      return { dom, ignoreMutation: () => true }
    }
  },
})
