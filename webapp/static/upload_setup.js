// The options and the preview of an upload follow its state: absent during a job, there again after it, and changed with another
// tab. `data-setup` of the state has the version of the options to show; it is empty during a job.
const state = document.getElementById("upload");
const setup = document.getElementById("import-setup");

function follow() {
  const wanted = state.querySelector("[data-setup]")?.dataset.setup ?? "";
  const shown = setup.querySelector("[name=version]")?.value ?? "";
  if (!wanted) setup.replaceChildren();
  else if (wanted !== shown) htmx.trigger(setup, "follow", {}, false);
}

// Also after an own change: its answer and the state arrive in any order.
document.addEventListener("htmx:after:swap", follow);
