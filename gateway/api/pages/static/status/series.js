// Numbers over time: what the page keeps of /status/data, and how rates and percentiles come out of it. No DOM here.

// Of what is older than the first, one snapshot each so many seconds is enough.
const [ALL_SECONDS, COARSE_SECONDS] = [300, 30];

export class History {
  // `keep` is in seconds; each snapshot is {time, samples: {name: [[labels, value], …]}}.
  constructor(keep) {
    this.keep = keep;
    this.snapshots = [];
  }

  add(snapshot) {
    if (snapshot.time <= this.last?.time) return;
    this.snapshots.push(snapshot);
    let slot = null;
    this.snapshots = this.snapshots.filter(({time}) => {
      const age = snapshot.time - time;
      if (age <= ALL_SECONDS || age > this.keep) return age <= ALL_SECONDS;
      const earlier = slot;
      slot = Math.floor(time / COARSE_SECONDS);
      return slot !== earlier;
    });
  }

  get last() {
    return this.snapshots.at(-1);
  }

  since(time) {
    return this.snapshots.filter((snapshot) => snapshot.time >= time);
  }

  // One value per snapshot from then on, but the first of all: [time, of(snapshot, one of so many seconds before)].
  points(of, seconds, from) {
    const found = [];
    for (let index = 1; index < this.snapshots.length; index += 1) {
      const now = this.snapshots[index];
      if (now.time >= from) found.push([now.time, of(now, this.before(index, seconds))]);
    }
    return found;
  }

  // The oldest snapshot of so many seconds before, or the one right before.
  before(index, seconds) {
    const oldest = this.snapshots[index].time - seconds;
    let found = Math.max(0, index - 1);
    while (found > 0 && this.snapshots[found - 1].time >= oldest) found -= 1;
    return this.snapshots[found];
  }
}

// The sum of a metric's samples whose labels pass `where`.
export function sum(snapshot, name, where = () => true) {
  let total = 0;
  for (const [labels, value] of snapshot.samples[name] ?? []) if (where(labels)) total += value;
  return total;
}

// How much a counter grew per second; a counter that fell belongs to a server that started anew.
export function rate(now, before, name, where) {
  const [later, earlier] = [sum(now, name, where), sum(before, name, where)];
  const grown = later < earlier ? later : later - earlier;
  return grown / Math.max(now.time - before.time, 0.001);
}

// The q-quantile in seconds of what a histogram saw between two snapshots; null where it saw nothing.
export function quantile(now, before, name, q) {
  const counts = buckets(now, before, `${name}_bucket`);
  const total = counts.at(-1)?.[1] ?? 0;
  if (total <= 0) return null;
  let [floor, below] = [0, 0];
  for (const [bound, count] of counts) {
    if (count >= q * total) {
      if (bound === Infinity) return floor;
      return floor + ((bound - floor) * (q * total - below)) / Math.max(count - below, 1e-9);
    }
    [floor, below] = [bound, count];
  }
  return floor;
}

// Cumulated growth per upper bound, over all other labels, in ascending order.
function buckets(now, before, name) {
  const grown = new Map();
  for (const [snapshot, sign] of [[now, 1], [before, -1]]) {
    for (const [labels, value] of snapshot.samples[name] ?? []) {
      const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
      grown.set(bound, (grown.get(bound) ?? 0) + sign * value);
    }
  }
  return [...grown].sort(([a], [b]) => a - b);
}
