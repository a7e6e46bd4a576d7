// Keeps typed and chosen values of a form when a refetch morphs it, also without the focus. htmx calls extensions before it
// morphs; it dispatches no DOM event for that.
const KEPT = new Set(["value", "data-typed"]);

htmx.registerExtension("typed", {
  htmx_before_morph_node: (field, { newNode }) => {
    // htmx sets the value of a text area whose default has changed.
    if (field instanceof HTMLTextAreaElement && isTyped(field)) newNode.defaultValue = field.defaultValue;
  },
  // `false` leaves the attribute as it is.
  htmx_before_morph_attr: (field, { attrName }) => {
    if (KEPT.has(attrName)) return !isTyped(field);
    return !(attrName === "selected" && isChosen(field.closest("select")));
  },
});

const isField = (field) =>
  field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && !["hidden", "checkbox", "radio"].includes(field.type));

const isTyped = (field) => isField(field) && (field.value !== field.defaultValue || "typed" in field.dataset);

function isChosen(select) {
  if (!select) return false;
  const given = [...select.options].find((option) => option.defaultSelected) ?? select.options[0];
  return select.selectedOptions[0] !== given;
}
