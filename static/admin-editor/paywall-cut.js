// The paywall cut as a node of the editor: <hr class="paywall-cut">, at most one, only between the blocks of the document.
import { Document, Node, Plugin } from "django-prose-editor/editor"

const cutsIn = (doc) => {
  const found = []
  doc.forEach((node, offset) => {
    if (node.type.name === "paywallCut") found.push(offset)
  })
  return found
}

/** Where the cut belongs for a selection: before its block when the cursor stands at the very start of it, else after it. */
const placeFor = ({ $from, $to }) => {
  if ($from.depth === 0) return $to.pos
  if ($from.node(1).type.name === "notes") return $from.before(1) // the cut never stands among or below them
  const isAtStart = $from.pos === $to.pos && $from.parentOffset === 0 && $from.index(0) > 0
  return isAtStart ? $from.before(1) : $to.after(1)
}

/** The cut goes to `place`, a position between two blocks; the one that stood elsewhere goes away. */
const moveCut = (tr, place) => {
  const earlier = tr.steps.length
  for (const position of cutsIn(tr.doc).toReversed()) tr.delete(position, position + 1)
  return tr.insert(tr.mapping.slice(earlier).map(place), tr.doc.type.schema.nodes.paywallCut.create()).scrollIntoView()
}

/** Moves the cut over the block above (-1) or below (1) it. */
const stepCut = (tr, direction) => {
  const [position] = cutsIn(tr.doc)
  if (position === undefined) return tr
  const around = tr.doc.resolve(position)
  const neighbour = direction < 0 ? around.nodeBefore : tr.doc.resolve(position + 1).nodeAfter
  if (!neighbour) return tr
  const place = direction < 0 ? position - neighbour.nodeSize : position + 1 + neighbour.nodeSize
  return moveCut(tr, place)
}

/** After a paste or a drop of a second cut the new one stays. */
const onlyOneCut = new Plugin({
  appendTransaction(transactions, before, after) {
    const cuts = cutsIn(after.doc)
    if (cuts.length < 2) return null
    const former = cutsIn(before.doc).map((position) =>
      transactions.reduce((place, transaction) => transaction.mapping.map(place), position),
    )
    const kept = cuts.findLast((position) => !former.includes(position)) ?? cuts[0]
    const tr = after.tr
    for (const position of cuts.toReversed()) if (position !== kept) tr.delete(position, position + 1)
    return tr
  },
})

const button = (label, text, press) => {
  const element = document.createElement("button")
  element.type = "button"
  element.textContent = text
  element.title = label
  element.setAttribute("aria-label", label)
  element.addEventListener("click", press)
  return element
}

export const DocumentWithCut = Document.extend({ content: "(block | paywallCut | markedBlock)+ notes?" })

export const PaywallCut = Node.create({
  name: "paywallCut",
  atom: true,
  selectable: true,
  draggable: true,

  addOptions() {
    return { words: {} }
  },

  parseHTML() {
    return [{ tag: "hr.paywall-cut", priority: 60 }]
  },

  renderHTML() {
    return ["hr", { class: "paywall-cut" }]
  },

  addNodeView() {
    return ({ editor }) => {
      const step = (direction) => () => editor.view.dispatch(stepCut(editor.state.tr, direction))
      const dom = document.createElement("div")
      dom.className = "paywall-cut"
      const label = document.createElement("span")
      label.textContent = this.options.words.cut
      dom.append(label, button(this.options.words.up, "↑", step(-1)), button(this.options.words.down, "↓", step(1)))
      return { dom, ignoreMutation: () => true, stopEvent: (event) => event.target.tagName === "BUTTON" }
    }
  },

  addCommands() {
    return {
      placePaywallCut:
        () =>
        ({ tr, dispatch }) => {
          if (dispatch) moveCut(tr, placeFor(tr.selection))
          return true
        },
      removePaywallCut:
        () =>
        ({ tr, dispatch }) => {
          const [position] = cutsIn(tr.doc)
          if (position === undefined) return false
          if (dispatch) tr.delete(position, position + 1)
          return true
        },
    }
  },

  addProseMirrorPlugins() {
    return [onlyOneCut]
  },

  addMenuItems({ menu, buttons }) {
    menu.defineItem({
      name: "paywallCut",
      groups: "paywall",
      button: buttons.material("content_cut", this.options.words.insert),
      command: (editor) => editor.chain().focus().placePaywallCut().run(),
    })
    menu.defineItem({
      name: "paywallCut:remove",
      groups: "paywall",
      button: buttons.material("layers_clear", this.options.words.remove),
      command: (editor) => editor.chain().focus().removePaywallCut().run(),
      hidden: (editor) => cutsIn(editor.state.doc).length === 0,
    })
  },
})
