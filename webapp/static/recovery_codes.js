// Recovery codes as a file, and on paper.
const codes = document.getElementById("codes");
const download = document.querySelector("[data-download]");
const print = document.querySelector("[data-print]");

for (const button of [download, print]) button.hidden = false;
download.addEventListener("click", () => {
  const owner = document.querySelector(".two-step-owner").textContent;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${owner}\n\n${codes.textContent}\n`], { type: "text/plain" }));
  link.download = download.dataset.download;
  link.click();
  URL.revokeObjectURL(link.href);
});
print.addEventListener("click", () => window.print());
