// A small chart of a few series over the last minutes, as SVG: lines, or areas stacked on each other.

const NS = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, TOP] = [600, 150, 8];

export class Chart {
  // `format` shows a value.
  constructor({title, note, format, stacked = false}) {
    Object.assign(this, {title, format, stacked, series: [], rows: [], seconds: 1, end: 0, present: [], pointed: null});
    this.figure = element("figure");
    const caption = this.figure.appendChild(element("figcaption"));
    caption.append(text("strong", title), text("span", note));
    this.svg = this.figure.appendChild(shape("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img"}));
    this.scale = this.figure.appendChild(element("p", "scale"));
    this.axis = this.figure.appendChild(element("p", "axis"));
    this.legend = this.figure.appendChild(element("ul", "legend"));
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => this.point(null));
  }

  // `series` is [{name, tone}, …], `rows` [[time, [value or null per series]], …] in ascending order of time, which
  // reach `seconds` back from `end`, and `present` what the legend says of now.
  show(shown) {
    Object.assign(this, shown);
    this.draw();
  }

  point(event) {
    this.pointed = event && event.offsetX / this.svg.clientWidth;
    this.draw();
  }

  draw() {
    const x = (time) => WIDTH * (1 - (this.end - time) / this.seconds);
    const lines = this.stacked ? stack(this.rows) : this.rows.map(([, values]) => values);
    const top = niceCeiling(Math.max(0, ...lines.flat().filter((value) => value !== null)));
    const y = (value) => HEIGHT - (HEIGHT - TOP) * (value / top);
    const places = this.rows.map(([time]) => x(time));
    this.svg.replaceChildren(...this.grid(), ...this.marks(places, lines, y), ...this.cursor(places));
    this.scale.textContent = this.format(top);
    const row = this.pointed === null || !places.length ? null : this.rows[this.nearest(places)];
    this.times(row);
    this.label(row ? row[1] : this.present);
  }

  times(row) {
    const middle = row ? `at ${clock(row[0])}` : clock(this.end - this.seconds / 2);
    const shown = [clock(this.end - this.seconds), middle, clock(this.end)];
    this.axis.replaceChildren(...shown.map((time) => text("span", time)));
  }

  grid() {
    return [TOP, (HEIGHT + TOP) / 2, HEIGHT - 0.5].map((y) => shape("line", {class: "grid", x1: 0, x2: WIDTH, y1: y, y2: y}));
  }

  marks(places, lines, y) {
    const marks = this.series.map(({tone}, index) => {
      const runs = unbroken(lines.map((values, row) => [places[row], values[index]]));
      const path = runs.map((run) => this.path(run, y)).join("");
      return shape("path", {class: `${this.stacked ? "area" : "line"} tone-${tone}`, d: path});
    });
    return this.stacked ? marks.reverse() : marks;
  }

  path(run, y) {
    const along = run.map(([place, value]) => `${place.toFixed(1)},${y(value).toFixed(1)}`).join("L");
    if (!this.stacked) return `M${along}`;
    return `M${run[0][0].toFixed(1)},${HEIGHT}L${along}L${run.at(-1)[0].toFixed(1)},${HEIGHT}Z`;
  }

  cursor(places) {
    if (this.pointed === null || !places.length) return [];
    const place = places[this.nearest(places)];
    return [shape("line", {class: "cursor", x1: place, x2: place, y1: 0, y2: HEIGHT})];
  }

  nearest(places) {
    const wanted = this.pointed * WIDTH;
    return places.reduce((best, place, row) => (Math.abs(place - wanted) < Math.abs(places[best] - wanted) ? row : best), 0);
  }

  label(values) {
    const shown = this.series.map(({name}, index) => [name, values[index] == null ? "–" : this.format(values[index])]);
    this.legend.replaceChildren(...shown.map(([name, value], index) => entry(name, value, this.series[index].tone)));
    this.svg.setAttribute("aria-label", `${this.title}: ${shown.map((pair) => pair.join(" ")).join(", ")}`);
  }
}

// As the log tells time, in UTC.
const clock = (time) => new Date(time * 1000).toISOString().slice(11, 19);

// Each value raised by those before it in its row.
function stack(rows) {
  return rows.map(([, values]) => {
    let below = 0;
    return values.map((value) => (below += value ?? 0));
  });
}

// Runs of points that have a value.
function unbroken(points) {
  const runs = [[]];
  for (const point of points) {
    if (point[1] === null) runs.push([]);
    else runs.at(-1).push(point);
  }
  return runs.filter((run) => run.length);
}

// The next of 1, 2, 5 × 10ⁿ.
function niceCeiling(value) {
  if (value <= 0) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return magnitude * [1, 2, 5, 10].find((step) => value <= step * magnitude * 1.0001);
}

function entry(name, value, tone) {
  const item = element("li", `tone-${tone}`);
  item.append(element("i"), text("span", name), text("b", value));
  return item;
}

export function element(name, className = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  return made;
}

export function text(name, content) {
  const made = element(name);
  made.textContent = content;
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
