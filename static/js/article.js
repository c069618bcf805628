// The tools of an article: text size, copying, the device's own way to share. Without this script the panels open all the same.
const tools = document.querySelector(".tools");
const told = tools?.querySelector("[data-told]");
const panels = [...(tools?.querySelectorAll("details") ?? [])];

const close = (panel) => {
  panel.open = false;
  panel.querySelector("summary").focus();
};

document.addEventListener("click", (event) => {
  for (const panel of panels) if (panel.open && !panel.contains(event.target)) panel.open = false;
});
for (const button of tools?.querySelectorAll("[data-close]") ?? []) {
  button.hidden = false;
  button.addEventListener("click", () => close(button.closest("details")));
}
tools?.addEventListener("keydown", (event) => {
  const open = panels.find((panel) => panel.open);
  if (event.key === "Escape" && open) close(open);
});

// --- Text size
const sizes = tools?.querySelector("[data-text-size]");
const buttons = [...(sizes?.querySelectorAll("[data-size]") ?? [])];
const root = document.documentElement;

const showSize = () => {
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.size === (root.dataset.textSize ?? "")));
};

for (const button of buttons) {
  button.addEventListener("click", () => {
    if (button.dataset.size) root.dataset.textSize = button.dataset.size;
    else delete root.dataset.textSize;
    try {
      localStorage.setItem("text-size", button.dataset.size);
    } catch {} // no storage: it holds for this page
    showSize();
  });
}
if (sizes) {
  showSize();
  sizes.hidden = false;
}

// --- Copying
const words = (source) => source.value ?? source.textContent;

for (const button of navigator.clipboard ? tools?.querySelectorAll("[data-copy]") ?? [] : []) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(words(source));
      button.textContent = told.textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(source); // the reader copies by hand
      source.select?.();
    }
  });
}

// --- Sharing
const native = tools?.querySelector("[data-share-native]");
if (native && navigator.share) {
  native.hidden = false;
  native.addEventListener("click", () => {
    const url = document.getElementById("share-address").value;
    navigator.share({ title: document.title, url }).catch(() => {}); // the reader thought better of it
  });
}
