// The filters of the orders page. Without this script the form works too, with a longer address.
const form = document.getElementById("orders-filter");

if (form) {
  form.addEventListener("formdata", ({ formData }) => removeDefaults(formData));
  form.addEventListener("input", ({ target }) => keepOnePeriod(target));
}

// The address has only the filters that are used.
function removeDefaults(formData) {
  for (const name of new Set(formData.keys())) {
    const value = formData.get(name);
    if (!value.trim() || (name === "by" && value === "placed")) formData.delete(name);
  }
}

// A period and typed dates exclude each other: the last choice counts.
function keepOnePeriod(field) {
  const { range, from, to } = form.elements;
  if (field === range && range.value) {
    for (const date of [from, to]) {
      date.value = "";
      date.type = "date";
    }
  } else if (field === from || field === to) {
    range.value = "";
  }
}
