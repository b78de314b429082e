// Shows the rows whose text has every word that is typed. Without this script all rows are there.
const form = document.getElementById("find");
const rows = [...document.querySelectorAll("tbody tr")];
const texts = rows.map((row) => row.textContent.toLowerCase());
const [input, count] = [form.querySelector("input"), form.querySelector("output")];

function show() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter((row, at) => !(row.hidden = !words.every((word) => texts[at].includes(word))));
  for (const part of document.querySelectorAll("section[data-rows]")) {
    part.hidden = !part.querySelector("tbody tr:not([hidden])");
  }
  count.textContent = words.length ? `${found.length} of ${rows.length}` : "";
}

form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
input.addEventListener("input", show);
show();
