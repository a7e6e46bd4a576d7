// The options and the preview of an upload follow its state: absent during a job, there again after it, and changed with another
// tab. `data-setup` of the state has the version of the options to show; it is empty during a job.
// One request at a time (`hx-sync`): a change that is sent while the one before is saved could be saved before it.
const state = document.getElementById("upload");
const setup = document.getElementById("import-setup");
const own = new Set(); // requests that save a change

function follow() {
  const wanted = state.querySelector("[data-setup]")?.dataset.setup ?? "";
  const shown = setup.querySelector("[name=version]")?.value ?? "";
  if (!wanted) setup.replaceChildren();
  // The answer to an own change brings its preview. One that was fetched beside it could arrive later, and be older.
  else if (wanted !== shown && !own.size) htmx.trigger(setup, "follow", {}, false);
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.id === "import-options") own.add(ctx);
});

document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (own.delete(ctx)) follow();
});

document.addEventListener("htmx:after:swap", follow);
