// Footnotes: a mark in the text, and its note in the list at the end. The server numbers them anew when they are saved, and
// takes away the mark of a note that was emptied.
import { Node } from "django-prose-editor/editor"

const MOST = 999

const numberIn = (name) => Number(/^#?note-([1-9]\d{0,2})$/.exec(name ?? "")?.[1] ?? 0)

const highestNumber = (doc) => {
  let highest = 0
  doc.descendants((node) => {
    if (node.type.name === "note" || node.type.name === "noteMark") highest = Math.max(highest, node.attrs.number)
  })
  return highest
}

export const NoteMark = Node.create({
  name: "noteMark",
  group: "inline",
  inline: true,
  atom: true,

  addOptions() {
    return { words: {} }
  },

  addAttributes() {
    const parseHTML = (element) => numberIn(element.querySelector("a")?.getAttribute("href"))
    return { number: { default: 0, parseHTML, rendered: false } }
  },

  parseHTML() {
    return [{ tag: "sup.note", priority: 60 }]
  },

  renderHTML({ node }) {
    const { number } = node.attrs
    return ["sup", { class: "note" }, ["a", { href: `#note-${number}` }, `${number}`]]
  },

  addCommands() {
    return {
      addNote:
        () =>
        ({ tr, dispatch }) => {
          const { $to, to } = tr.selection
          const number = highestNumber(tr.doc) + 1
          const { noteMark, note, notes, paragraph } = tr.doc.type.schema.nodes
          if (number > MOST || !$to.parent.inlineContent || $to.node(1).type === notes) return false
          if (!dispatch) return true
          tr.insert(to, noteMark.create({ number }))
          const added = note.create({ number }, paragraph.create())
          const end = tr.doc.content.size
          const hasNotes = tr.doc.lastChild.type === notes
          if (hasNotes) tr.insert(end - 1, added)
          else tr.insert(end, notes.create(null, added))
          const { constructor } = tr.selection
          tr.setSelection(constructor.atEnd(tr.doc)).scrollIntoView() // in the new note, to be written
          return true
        },
    }
  },

  addMenuItems({ menu, buttons }) {
    menu.defineItem({
      name: "note",
      groups: "nodes",
      button: buttons.material("superscript", this.options.words.note),
      command: (editor) => editor.chain().focus().addNote().run(),
    })
  },
})

export const Note = Node.create({
  name: "note",
  content: "block+",
  defining: true,

  addAttributes() {
    return { number: { default: 0, parseHTML: (element) => numberIn(element.id), rendered: false } }
  },

  parseHTML() {
    return [
      { tag: "ol.notes > li", priority: 70 },
      { tag: 'a[role="doc-backlink"]', priority: 80, ignore: true },
    ]
  },

  renderHTML({ node }) {
    return ["li", { id: `note-${node.attrs.number}` }, 0]
  },
})

export const Notes = Node.create({
  name: "notes",
  content: "note+",

  parseHTML() {
    return [{ tag: "ol.notes", priority: 60 }]
  },

  renderHTML() {
    return ["ol", { class: "notes" }, 0]
  },
})
