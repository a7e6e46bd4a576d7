// Keeps typed and chosen values of a form when a refetch morphs it.
document.addEventListener("htmx:before:morph:attr", (event) => {
  const { attrName } = event.detail;
  const field = event.target;
  if (["value", "data-typed"].includes(attrName) && isTyped(field)) event.preventDefault();
  if (attrName === "selected" && isChosen(field.closest("select"))) event.preventDefault();
});

const isTyped = (field) =>
  field instanceof HTMLInputElement && field.type !== "hidden" && (field.value !== field.defaultValue || "typed" in field.dataset);

function isChosen(select) {
  if (!select) return false;
  const given = [...select.options].find((option) => option.defaultSelected) ?? select.options[0];
  return select.selectedOptions[0] !== given;
}
