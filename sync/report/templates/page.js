(function () {
  "use strict";
  var table = document.getElementById("findings");
  if (!table) { return; }
  var body = table.tBodies[0];
  var rows = Array.prototype.slice.call(body.rows);
  var tools = document.getElementById("tools");
  var text = document.getElementById("filter-text");
  var level = document.getElementById("filter-level");
  var state = document.getElementById("filter-state");
  var told = document.getElementById("filter-count");
  function apply() {
    var wanted = text.value.trim().toLowerCase();
    var shown = 0;
    rows.forEach(function (row) {
      var fits = (!wanted || row.textContent.toLowerCase().indexOf(wanted) >= 0) &&
        (!level.value || row.getAttribute("data-level") === level.value) &&
        (!state.value || row.getAttribute("data-state") === state.value);
      row.hidden = !fits;
      if (fits) { shown += 1; }
    });
    told.textContent = shown + " of " + rows.length + " shown";
  }
  function key(row, column) {
    var cell = row.cells[column];
    return cell.getAttribute("data-sort") || cell.textContent.trim().toLowerCase();
  }
  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.appendChild(button);
    button.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") === "ascending";
      Array.prototype.forEach.call(table.tHead.rows[0].cells, function (other) {
        other.removeAttribute("aria-sort");
      });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort(function (a, b) {
        var order = key(a, column).localeCompare(key(b, column), "en", { numeric: true });
        return down ? -order : order;
      });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
  [text, level, state].forEach(function (control) {
    control.addEventListener("input", apply);
    control.addEventListener("change", apply);
  });
  tools.hidden = false;
  apply();
})();
