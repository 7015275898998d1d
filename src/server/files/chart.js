"use strict";
/* Draws the ECharts options of an answer as plain SVG: bars (upright and lying) and lines on a category axis. */
(function () {
  const NS = "http://www.w3.org/2000/svg";

  function element(name, attributes, text) {
    const node = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  }

  const first = (value) => (Array.isArray(value) ? value[0] : value) || {};
  const numberOf = (item) => {
    const value = item !== null && typeof item === "object" && !Array.isArray(item) ? item.value : item;
    return typeof value === "number" && isFinite(value) ? value : null;
  };

  function shorten(text, length) {
    text = String(text);
    return text.length > length ? text.slice(0, length - 1) + "…" : text;
  }

  function compact(value) {
    const size = Math.abs(value);
    if (size >= 1e4) return new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(value);
    return new Intl.NumberFormat("en", { maximumFractionDigits: size < 10 ? 2 : 1 }).format(value);
  }

  /* One notation for all ticks of an axis. */
  function tickText(value, largest) {
    if (largest < 1e4) return new Intl.NumberFormat("en", { maximumFractionDigits: largest < 10 ? 2 : 1 }).format(value);
    const [unit, letter] = largest >= 1e9 ? [1e9, "B"] : largest >= 1e6 ? [1e6, "M"] : [1e3, "K"];
    return value === 0 ? "0" : new Intl.NumberFormat("en", { maximumFractionDigits: 2 }).format(value / unit) + letter;
  }

  /* Round steps that hold all values and zero. */
  function scaleOf(values) {
    let low = Math.min(0, ...values), high = Math.max(0, ...values);
    if (low === high) high = 1;
    const rough = (high - low) / 4, power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough) || 10 * power;
    low = Math.floor(low / step + 1e-9) * step;
    high = Math.ceil(high / step - 1e-9) * step;
    const ticks = [];
    for (let i = 0; low + i * step <= high + step / 2; i++) ticks.push(low + i * step);
    return { low, high, ticks };
  }

  function legend(svg, series, y) {
    let x = 8;
    series.forEach((one, index) => {
      svg.append(element("rect", { x, y: y - 9, width: 10, height: 10, rx: 2, class: "series-" + (index % 6) }));
      const label = shorten(one.name || "", 28);
      svg.append(element("text", { x: x + 15, y, class: "label" }, label));
      x += 34 + label.length * 7;
    });
  }

  function lying(svg, width, labels, series, scale, top, rowHeight) {
    const longest = Math.min(width < 500 ? 14 : 26, Math.max(...labels.map((label) => String(label).length)));
    const left = 16 + longest * 7, right = width - 64, x = (v) => left + ((v - scale.low) / (scale.high - scale.low)) * (right - left);
    const thickness = Math.max(4, (rowHeight - 8) / series.length);
    svg.append(element("line", { x1: x(0), x2: x(0), y1: top, y2: top + rowHeight * labels.length, class: "axis" }));
    labels.forEach((label, row) => {
      const middle = top + rowHeight * row + rowHeight / 2;
      const name = element("text", { x: left - 8, y: middle + 4, "text-anchor": "end", class: "label" }, shorten(label, longest));
      name.append(element("title", {}, String(label)));
      svg.append(name);
      series.forEach((one, index) => {
        const value = one.values[row];
        if (value === null || value === undefined) return;
        const start = Math.min(x(0), x(value)), length = Math.abs(x(value) - x(0));
        const y = top + rowHeight * row + 4 + index * thickness;
        const bar = element("rect", { x: start, y, width: Math.max(length, 1), height: Math.max(thickness - 1, 3), rx: 2,
          class: "series-" + (index % 6) });
        bar.append(element("title", {}, label + ": " + value.toLocaleString("en")));
        svg.append(bar);
        if (thickness >= 11)
          svg.append(element("text", { x: Math.max(start + length, x(0)) + 5, y: y + thickness / 2 + 4, class: "value" }, compact(value)));
      });
    });
  }

  function grid(svg, scale, y, left, right) {
    const largest = Math.max(...scale.ticks.map(Math.abs));
    for (const tick of scale.ticks) {
      svg.append(element("line", { x1: left, x2: right, y1: y(tick), y2: y(tick), class: "axis" }));
      svg.append(element("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick, largest)));
    }
  }

  function upright(svg, width, labels, series, scale, top, bottom) {
    const left = 56, right = width - 12, y = (v) => bottom - ((v - scale.low) / (scale.high - scale.low)) * (bottom - top);
    const slot = (right - left) / labels.length, bars = series.filter((one) => one.type === "bar");
    grid(svg, scale, y, left, right);
    const longest = Math.min(16, Math.max(...labels.map((label) => String(label).length)));
    const every = Math.ceil((labels.length * (longest * 6.5 + 10)) / (right - left));
    labels.forEach((label, i) => {
      if (i % every === 0)
        svg.append(element("text", { x: left + slot * (i + 0.5), y: bottom + 18, "text-anchor": "middle" },
          shorten(label, longest)));
    });
    series.forEach((one, index) => {
      if (one.type === "bar") {
        const thick = Math.max(1, Math.min(56, (slot * 0.76) / bars.length)), at = bars.indexOf(one);
        one.values.forEach((value, i) => {
          if (value === null || value === undefined) return;
          const x = left + slot * (i + 0.5) - (thick * bars.length) / 2 + thick * at;
          const bar = element("rect", { x, y: Math.min(y(value), y(0)), width: Math.max(thick - 1, 1),
            height: Math.max(Math.abs(y(value) - y(0)), 1), rx: 1.5, class: "series-" + (index % 6) });
          bar.append(element("title", {}, labels[i] + ": " + value.toLocaleString("en")));
          svg.append(bar);
        });
        return;
      }
      /* A gap in the data is a gap in the line. */
      let points = [];
      const flush = () => {
        if (points.length > 1) svg.append(element("polyline", { points: points.join(" "), class: "series-" + (index % 6) }));
        points = [];
      };
      one.values.forEach((value, i) => {
        if (value === null || value === undefined) return flush();
        const x = left + slot * (i + 0.5);
        points.push(x.toFixed(1) + "," + y(value).toFixed(1));
        if (labels.length <= 60) {
          const dot = element("circle", { cx: x, cy: y(value), r: 3, class: "series-" + (index % 6) });
          dot.append(element("title", {}, labels[i] + ": " + value.toLocaleString("en")));
          svg.append(dot);
        }
      });
      flush();
    });
  }

  /* A figure `available` pixels wide, or null when the option is of a kind that is not drawn here. */
  window.drawChart = function (option, available) {
    const width = Math.round(Math.min(Math.max(available || 860, 280), 960));
    if (!option || !Array.isArray(option.series)) return null;
    const x = first(option.xAxis), y = first(option.yAxis);
    const lies = y.type === "category", category = lies ? y : x;
    if (!Array.isArray(category.data) || category.data.length === 0) return null;
    const series = option.series.filter((one) => one.type === "bar" || one.type === "line")
      .map((one) => ({ type: one.type, name: one.name, values: (one.data || []).map(numberOf) }));
    const values = series.flatMap((one) => one.values).filter((value) => value !== null);
    if (series.length === 0 || series.length !== option.series.length || values.length === 0) return null;

    const labels = category.data.map((item) => (item !== null && typeof item === "object" ? item.value : item));
    const top = series.length > 1 ? 34 : 14, rowHeight = Math.max(24, 12 * series.length + 8);
    const height = lies ? top + rowHeight * labels.length + 10 : 320;
    const title = first(option.title).text || "Chart";
    const svg = element("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": title });
    if (series.length > 1) legend(svg, series, 16);
    if (lies && !y.inverse) {
      labels.reverse();
      series.forEach((one) => one.values.reverse());
    }
    if (lies) lying(svg, width, labels, series, scaleOf(values), top, rowHeight);
    else upright(svg, width, labels, series, scaleOf(values), top, height - 28);
    const figure = document.createElement("figure");
    figure.append(svg);
    return figure;
  };
})();
