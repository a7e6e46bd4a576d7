// Registers the service worker, so that a start without a connection shows a page of words, in the language of this one.
const WORKER = "/service-worker.js";

async function register() {
  try {
    await navigator.serviceWorker.register(WORKER);
    const { active } = await navigator.serviceWorker.ready;
    active.postMessage({ language: document.documentElement.lang }, []);
  } catch {
    // Without it Doorbell is the same while there is a connection.
  }
}

// After the page's own requests.
if (navigator.serviceWorker) window.addEventListener("load", () => (window.requestIdleCallback ?? setTimeout)(register));
