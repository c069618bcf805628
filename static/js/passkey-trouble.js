// Says in words that a passkey was not used. allauth's script tells the document when the browser's dialog was closed or
// failed, and without a listener only the console would know.
document.addEventListener("allauth.error", (event) => {
  if (!event.detail.tags.includes("webauthn")) return;
  for (const place of document.querySelectorAll("[data-passkey-trouble]")) {
    const sentence = document.createElement("p");
    sentence.className = "field__error";
    sentence.textContent = place.dataset.passkeyTrouble;
    place.replaceChildren(sentence);
    event.preventDefault();
  }
});
