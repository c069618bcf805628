// Runs of blocks that are open to everybody, or for subscribers alone: <section class="block-open">,
// <section class="block-subscribers">. They stand between the blocks of the document, never in one or in one another.
import { Node, pm } from "django-prose-editor/editor"

const { Fragment, Slice } = pm.model
const { TextSelection } = pm.state

/** The children of the document that the selection touches: from the first up to, not including, `end`. */
const touched = ({ doc, selection }) => {
  const from = selection.$from.index(0)
  const end = selection.$to.depth === 0 ? Math.max(selection.$to.index(0), from + 1) : selection.$to.index(0) + 1
  return { from, end: doc.child(end - 1).type.name === "notes" ? end - 1 : end }
}

const childrenOf = (doc, { from, end }) => Array.from({ length: Math.max(0, end - from) }, (_, index) => doc.child(from + index))

const placeOf = (doc, index) => {
  let place = 0
  for (let before = 0; before < index; before += 1) place += doc.child(before).nodeSize
  return place
}

/** As they are without their marks. */
const bare = (nodes) => nodes.flatMap((node) => (node.type.name === "markedBlock" ? [...node.content.content] : [node]))

/** All of them in marked blocks; the paywall cut stays between two. */
const marked = (nodes, type, kind) => {
  const result = []
  let run = []
  const close = () => {
    if (run.length) result.push(type.create({ kind }, run))
    run = []
  }
  for (const node of bare(nodes)) {
    if (node.type.name === "paywallCut") {
      close()
      result.push(node)
    } else run.push(node)
  }
  close()
  return result
}

/** What stands in the range becomes `nodes`, and the selection stays at its words. */
const rewrite = (tr, range, nodes) => {
  const before = childrenOf(tr.doc, range)
  const start = placeOf(tr.doc, range.from)
  const end = placeOf(tr.doc, range.end)
  // Where the words stand: their number in the order of all text blocks of the range.
  const blockOf = (position) => {
    let number = -1
    tr.doc.nodesBetween(start, end, (node, place) => {
      if (node.isTextblock && place < position) number += 1
    })
    return number
  }
  const { anchor, head, $anchor, $head } = tr.selection
  const kept = [
    [blockOf(anchor), $anchor.parentOffset],
    [blockOf(head), $head.parentOffset],
  ]
  if (Fragment.from(before).eq(Fragment.from(nodes))) return
  tr.replace(start, end, new Slice(Fragment.from(nodes), 0, 0))
  const places = []
  const last = start + Fragment.from(nodes).size
  tr.doc.nodesBetween(start, last, (node, place) => {
    if (node.isTextblock) places.push(place + 1)
  })
  const [from, to] = kept.map(([number, offset]) => (places[number] ?? places[0] ?? start) + offset)
  tr.setSelection(TextSelection.between(tr.doc.resolve(from), tr.doc.resolve(to))).scrollIntoView()
}

export const kindsIn = (state) => {
  const kinds = new Set()
  for (const node of childrenOf(state.doc, touched(state))) {
    if (node.type.name !== "paywallCut") kinds.add(node.type.name === "markedBlock" ? node.attrs.kind : "")
  }
  return kinds
}

export const MarkedBlock = Node.create({
  name: "markedBlock",
  content: "block+",
  defining: true,

  addOptions() {
    return { words: {} }
  },

  addAttributes() {
    return { kind: { default: "subscribers", rendered: false } }
  },

  parseHTML() {
    return ["open", "subscribers"].map((kind) => ({ tag: `section.block-${kind}`, attrs: { kind } }))
  },

  renderHTML({ node }) {
    return ["section", { class: `block-${node.attrs.kind}` }, 0]
  },

  addNodeView() {
    return ({ node }) => {
      const dom = document.createElement("section")
      dom.className = `marked-block marked-block--${node.attrs.kind}`
      const words = this.options.words[node.attrs.kind]
      dom.setAttribute("role", "group")
      dom.setAttribute("aria-label", words)
      const label = document.createElement("p")
      label.className = "marked-block__label"
      label.contentEditable = "false"
      label.textContent = words
      const contentDOM = document.createElement("div")
      dom.append(label, contentDOM)
      return { dom, contentDOM, ignoreMutation: ({ target }) => label.contains(target) }
    }
  },

  addCommands() {
    return {
      markBlocks:
        (kind) =>
        ({ tr, state, dispatch }) => {
          const range = touched(state)
          const nodes = childrenOf(tr.doc, range)
          if (!nodes.some((node) => node.type.name !== "paywallCut")) return false
          if (dispatch) rewrite(tr, range, marked(nodes, this.type, kind))
          return true
        },
      unmarkBlocks:
        () =>
        ({ tr, state, dispatch }) => {
          const range = touched(state)
          const nodes = childrenOf(tr.doc, range)
          if (!nodes.some((node) => node.type.name === "markedBlock")) return false
          if (dispatch) rewrite(tr, range, bare(nodes))
          return true
        },
    }
  },

  addKeyboardShortcuts() {
    return {
      "Mod-Alt-o": () => this.editor.commands.markBlocks("open"),
      "Mod-Alt-s": () => this.editor.commands.markBlocks("subscribers"),
      "Mod-Alt-u": () => this.editor.commands.unmarkBlocks(),
    }
  },

  addMenuItems({ menu, buttons }) {
    const { words } = this.options
    const item = (kind, icon, label) =>
      menu.defineItem({
        name: `mark:${kind}`,
        groups: "paywall",
        button: buttons.material(icon, label),
        command: (editor) => editor.chain().focus().markBlocks(kind).run(),
        active: (editor) => kindsIn(editor.state).has(kind),
      })
    item("open", "lock_open", words.markOpen)
    item("subscribers", "lock", words.markSubscribers)
    menu.defineItem({
      name: "mark:none",
      groups: "paywall",
      button: buttons.material("no_encryption", words.unmark),
      command: (editor) => editor.chain().focus().unmarkBlocks().run(),
      hidden: (editor) => ![...kindsIn(editor.state)].some(Boolean),
    })
  },
})
