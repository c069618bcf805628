// Words of the story set large between its paragraphs: <blockquote class="pull">. Any other quote stays one.
import { Blockquote } from "django-prose-editor/editor"

export const QuoteOrPull = Blockquote.extend({
  addOptions() {
    return { ...this.parent?.(), words: {} }
  },

  addAttributes() {
    return { class: { default: null, parseHTML: (element) => (element.classList.contains("pull") ? "pull" : null) } }
  },

  addCommands() {
    const name = this.name
    return {
      ...this.parent?.(),
      togglePullQuote:
        () =>
        ({ editor, commands }) => {
          if (editor.isActive(name, { class: "pull" })) return commands.lift(name)
          if (editor.isActive(name)) return commands.updateAttributes(name, { class: "pull" })
          return commands.wrapIn(name, { class: "pull" })
        },
    }
  },

  addMenuItems({ menu, buttons }) {
    this.parent?.({ menu, buttons })
    menu.defineItem({
      name: "pullQuote",
      groups: "nodes",
      button: buttons.material("vertical_align_center", this.options.words.pull),
      command: (editor) => editor.chain().focus().togglePullQuote().run(),
      active: (editor) => editor.isActive("blockquote", { class: "pull" }),
    })
  },
})
