// Loads the page that waits for a payment again. Without this script the reader presses "Look again".
const { lookAgain, wait } = document.querySelector("[data-look-again]").dataset;
setTimeout(() => location.replace(lookAgain), 1000 * wait);
