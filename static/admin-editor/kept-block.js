// A table, or preformatted text of an imported story: shown, moved and deleted as a whole, and otherwise kept as it came. A
// table of mere words is written in a dialog, a line for each row.
import { Node, updateAttrsDialog } from "django-prose-editor/editor"

const KEPT_ATTRIBUTES = ["href", "start", "colspan", "rowspan"]

const plain = (element) => {
  const copy = element.cloneNode(true)
  for (const part of [copy, ...copy.querySelectorAll("*")]) {
    const isMark = part.matches("sup.note")
    for (const name of part.getAttributeNames()) if (!KEPT_ATTRIBUTES.includes(name)) part.removeAttribute(name)
    if (isMark) part.className = "note"
  }
  return copy.outerHTML
}

const elementOf = (html) => {
  const template = document.createElement("template")
  template.innerHTML = html
  return document.importNode(template.content.firstElementChild, true)
}

// --- Tables as lines: cells are parted by bars or tabs, the first line is the head

const MORE_THAN_WORDS = "a, strong, em, sub, sup, code, br, p, ul, ol, table table, [colspan], [rowspan]"

const wordsOf = (cell) => cell.textContent.trim().replace(/\s+/g, " ")

const asLines = (table) => ({
  caption: table.caption ? wordsOf(table.caption) : "",
  rows: [...table.rows].map((row) => [...row.cells].map(wordsOf).join(" | ")).join("\n"),
})

const rowOf = (line, name) => {
  const row = document.createElement("tr")
  for (const words of line.split(/\t|\|/)) row.append(Object.assign(document.createElement(name), { textContent: words.trim() }))
  return row
}

const asTable = ({ caption, rows }) => {
  const table = document.createElement("table")
  const [head, ...lines] = rows.split("\n").filter((line) => line.trim())
  if (!head) return ""
  if (caption?.trim()) table.createCaption().textContent = caption.trim()
  table.createTHead().append(rowOf(head, "th"))
  table.createTBody().append(...lines.map((line) => rowOf(line, "td")))
  return table.outerHTML
}

/** The chosen table, as an element; null where something else is chosen. */
const chosenTable = ({ selection }) => {
  if (selection.node?.type.name !== "keptBlock") return null
  const element = elementOf(selection.node.attrs.html)
  return element.matches("table") ? element : null
}

export const KeptBlock = Node.create({
  name: "keptBlock",
  group: "block",
  atom: true,
  selectable: true,
  draggable: true,

  addOptions() {
    return { label: "", words: {} }
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

  addCommands() {
    const { words } = this.options
    const fields = {
      caption: { title: words.caption },
      rows: { title: words.rows, description: words.rowsHelp, format: "textarea", required: true },
    }
    const ask = updateAttrsDialog(fields, { title: words.table })
    return {
      editTable:
        () =>
        ({ editor, state }) => {
          const table = chosenTable(state)
          if (table?.querySelector(MORE_THAN_WORDS)) return false
          ask(editor, table ? asLines(table) : { caption: "", rows: "" }).then((answer) => {
            const html = answer && asTable(answer)
            if (html) editor.chain().focus().insertContent({ type: this.name, attrs: { html } }).run()
          })
          return true
        },
    }
  },

  addMenuItems({ menu, buttons }) {
    menu.defineItem({
      name: "table",
      groups: "nodes",
      button: buttons.material("grid_on", this.options.words.table),
      command: (editor) => editor.commands.editTable(),
      enabled: (editor) => !chosenTable(editor.state)?.querySelector(MORE_THAN_WORDS),
    })
  },
})
