(function () {
  "use strict";
  function each(list, what) { Array.prototype.forEach.call(list, what); }
  function key(row, column) {
    var cell = row.cells[column];
    return cell.getAttribute("data-sort") || cell.textContent.trim().toLowerCase();
  }
  function compare(a, b) {
    var left = Number(a), right = Number(b);
    if (a !== "" && b !== "" && !isNaN(left) && !isNaN(right)) { return left - right; }
    return a.localeCompare(b, "en", { numeric: true });
  }
  function sortable(table) {
    var heads = table.tHead.rows[0].cells;
    each(heads, function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.textContent = "";
      head.appendChild(button);
      button.addEventListener("click", function () {
        var down = head.getAttribute("aria-sort") === "ascending";
        var rows = Array.prototype.slice.call(table.tBodies[0].rows);
        each(heads, function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        rows.sort(function (a, b) {
          var order = compare(key(a, column), key(b, column));
          return down ? -order : order;
        });
        rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
      });
    });
  }
  each(document.querySelectorAll("table.sortable"), sortable);

  var table = document.getElementById("findings");
  var tools = document.getElementById("tools");
  if (table && tools) {
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    var text = document.getElementById("filter-text");
    var told = document.getElementById("filter-count");
    var choices = Array.prototype.slice.call(tools.querySelectorAll("select"));
    var option = function (parent, value, words) {
      var one = document.createElement("option");
      one.value = value;
      one.textContent = words;
      parent.appendChild(one);
    };
    var values = function (name) {
      var found = {};
      rows.forEach(function (row) { found["=" + row.getAttribute(name)] = true; });
      return Object.keys(found).map(function (one) { return one.slice(1); }).filter(Boolean);
    };
    choices.forEach(function (choice) {
      var name = "data-" + choice.id.slice("filter-".length);
      var found = values(name);
      // Levels and states stand in their own order, which is that of the rows.
      if (name !== "data-level" && name !== "data-state") {
        found.sort(function (a, b) { return a.localeCompare(b, "en", { numeric: true }); });
      }
      if (name !== "data-kind") {
        found.forEach(function (value) { option(choice, "=" + value, value); });
        return;
      }
      var families = {};
      rows.forEach(function (row) {
        families[row.getAttribute("data-kind").split(".")[0] + "."] = row.getAttribute("data-family");
      });
      Object.keys(families).sort().forEach(function (head) {
        var group = document.createElement("optgroup");
        group.label = families[head];
        option(group, "^" + head, "all: " + families[head]);
        found.forEach(function (value) {
          if (value.indexOf(head) === 0) { option(group, "=" + value, value); }
        });
        choice.appendChild(group);
      });
    });
    var apply = function () {
      var wanted = text.value.trim().toLowerCase();
      var shown = 0;
      rows.forEach(function (row) {
        var fits = !wanted || row.textContent.toLowerCase().indexOf(wanted) >= 0;
        choices.forEach(function (choice) {
          var is = row.getAttribute("data-" + choice.id.slice("filter-".length));
          var asked = choice.value.slice(1);
          if (choice.value.charAt(0) === "=") { fits = fits && is === asked; }
          if (choice.value.charAt(0) === "^") { fits = fits && is.indexOf(asked) === 0; }
        });
        row.hidden = !fits;
        if (fits) { shown += 1; }
      });
      told.textContent = shown + " of " + rows.length + " shown";
    };
    [text].concat(choices).forEach(function (control) {
      control.addEventListener("input", apply);
      control.addEventListener("change", apply);
    });
    document.getElementById("filter-reset").addEventListener("click", function () {
      text.value = "";
      choices.forEach(function (choice) { choice.value = ""; });
      apply();
      text.focus();
    });
    tools.hidden = false;
    apply();
  }

  // On paper nothing can be opened.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    each(document.querySelectorAll("details:not([open])"), function (one) {
      one.open = true;
      opened.push(one);
    });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (one) { one.open = false; });
    opened = [];
  });
})();
