// Saves an article for later without leaving its page. Without this script the same form answers with a page.
for (const form of document.querySelectorAll("[data-save]")) {
  const button = form.querySelector("button");
  const status = form.querySelector("[role=status]");
  const save = button.textContent;
  // Says what the next press means, also where the form is sent as a page.
  const remove = Object.assign(document.createElement("input"), { type: "hidden", name: "remove", value: "1", disabled: true });
  form.append(remove);
  let isWaiting = false;

  const show = (isSaved) => {
    remove.disabled = !isSaved;
    button.textContent = isSaved ? form.dataset.saved : save;
    button.setAttribute("aria-pressed", String(isSaved));
    status.textContent = isSaved ? form.dataset.isSaved : form.dataset.isRemoved;
  };

  const press = async () => {
    const fields = new URLSearchParams(new FormData(form));
    const response = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "application/json" } });
    if (response.status === 401) {
      location.assign((await response.json()).login);
    } else if (response.ok && !response.redirected) {
      show((await response.json()).is_saved);
    } else {
      form.submit(); // whatever is wrong, the page that answers says so in words
    }
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isWaiting) return;
    isWaiting = true;
    press().catch(() => form.submit()).finally(() => {
      isWaiting = false;
    });
  });
}
