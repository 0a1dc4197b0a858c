/* The leaderboard: sort, filter, columns; all of it in the address. */
const board = document.getElementById("zd-board");
if (board) {
  const form = document.getElementById("zd-filter"), count = document.getElementById("zd-count");
  const body = board.tBodies[0], held = zoodataHeld(board), total = Number(board.dataset.rows), heads = [...board.tHead.rows[0].cells];
  const fields = ["q", "zoo", "with", "family", "severity", "from", "to", "size"];
  const boxes = [...form.querySelectorAll("[name=column]")];
  let rows = [], sort = "", sorted = "";
  const complete = () => {
    held.now();
    if (rows.length < total) rows = [...body.rows]; // in the order they were written in
  };

  for (const head of heads) {
    const button = make("button", { type: "button", class: "zd-sort" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const name = head.dataset.sort;
      const first = name === "title" ? name : `-${name}`, second = name === "title" ? `-${name}` : name;
      sort = sort === first ? second : first;
      apply();
    });
  }

  const value = (row, name, place) => name === "title" ? row.cells[0].textContent.trim().toLowerCase()
    : parseFloat(row.cells[place].dataset.v);

  function order() {
    if (!sort) return rows;
    const down = sort.startsWith("-"), name = sort.replace("-", "");
    const place = heads.findIndex((head) => head.dataset.sort === name);
    if (place < 0) return rows;
    return [...rows].sort((a, b) => {
      const x = value(a, name, place), y = value(b, name, place);
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y); // a dash is last either way
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1);
    });
  }

  function apply() {
    complete();
    const state = Object.fromEntries(fields.map((name) => [name, form.elements[name].value.trim()]));
    const named = state.q && zoodataSearch.rows ? new Map(zoodataSearch.find(state.q).map((hit) => [hit.row.id, hit.best])) : null;
    const close = named && [...named.values()].some((best) => best < 3); // then what is only nearly called so is left out
    const [least, most] = state.size ? state.size.split("-").map((m) => m === "" ? Infinity : Number(m) * 1e6) : [];
    let shown = 0;
    for (const row of rows) {
      const data = row.dataset, size = Number(data.size);
      const keep = (!named || (named.has(row.id) && (!close || named.get(row.id) < 3)))
        && [state.zoo, state.with].every((zoo) => !zoo || data.zoos.split(" ").includes(zoo))
        && (!state.family || data.family === state.family)
        && (!state.severity || data.severity === state.severity)
        && (!state.from || Number(data.year) >= Number(state.from))
        && (!state.to || Number(data.year) <= Number(state.to))
        && (!state.size || (size >= least && size < most));
      if (row.hidden === keep) row.hidden = !keep;
      shown += keep;
    }
    if (sort !== sorted) { body.append(...order()); sorted = sort; }
    for (const head of heads) {
      const name = head.dataset.sort, on = sort.replace("-", "") === name;
      if (on) head.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    const hidden = boxes.filter((box) => !box.checked).map((box) => box.value);
    for (const box of boxes) board.parentElement.classList.toggle(`without-${box.value}`, !box.checked);
    const address = new URLSearchParams(Object.entries(state).filter(([, text]) => text));
    if (sort) address.set("sort", sort);
    if (hidden.length) address.set("hide", hidden.join("."));
    const query = address.toString();
    history.replaceState(null, "", location.pathname + (query ? `?${query}` : "") + location.hash);
    count.textContent = shown ? `${shown} of ${rows.length} architectures${state.zoo || state.with ? "; the numbers are of all their zoos" : ""}. The address holds this view.` : "No architecture fits: take a filter away.";
  }

  function restore(isFirst) {
    const address = new URLSearchParams(location.search);
    for (const name of fields) form.elements[name].value = address.get(name) || "";
    const hidden = (address.get("hide") || "").split(".");
    for (const box of boxes) box.checked = !hidden.includes(box.value);
    sort = address.get("sort") || "";
    /* Without an address the table first stands as it was written. */
    if (form.elements.q.value) zoodataSearch.load().then(apply);
    else if (address.size || !isFirst) apply();
    else count.textContent = `${total} architectures`;
  }

  form.addEventListener("input", () => form.elements.q.value ? zoodataSearch.load().then(apply) : apply());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => { sort = ""; setTimeout(apply); });
  window.addEventListener("popstate", () => restore(false));
  restore(true);
  held.whole.then(() => {
    complete();
    board.dataset.whole = "";
  });
  if (location.hash && !document.querySelector(":target")) {
    complete();
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }
}
