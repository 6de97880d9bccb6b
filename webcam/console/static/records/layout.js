// Where each record stands in a gallery of days, each a head and rows of cells. Arithmetic only.

/**
 * Sections with their place: `sections` (`day`, `count`) as `day`, `count`, `first` (index of its newest record), `top`
 * and `height` in px; `columns` of cells `width` by `height`, and the whole's `height`.
 */
export function layOut(sections, { width, least, gap, head, caption }) {
  const columns = Math.max(1, Math.floor((width + gap) / (least + gap)));
  const cell = Math.floor((width - gap * (columns - 1)) / columns);
  const rowHeight = Math.round(cell * 0.75) + caption + gap;
  let top = 0;
  let first = 0;
  const placed = sections.map(({ day, count }) => {
    const height = head + Math.ceil(count / columns) * rowHeight;
    const section = { day, count, first, top, height };
    top += height;
    first += count;
    return section;
  });
  return { sections: placed, columns, cell, rowHeight, head, gap, height: top, count: first };
}

/** The index of the last of `sections` whose `key` isn't above `value`; 0 when all are. */
export function sectionAt(sections, key, value) {
  let low = 0;
  let high = sections.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (sections[middle][key] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Left and top of a record, by its index. */
export function placeOf(layout, index) {
  const section = layout.sections[sectionAt(layout.sections, "first", index)];
  const at = index - section.first;
  const row = Math.floor(at / layout.columns);
  return {
    left: (at % layout.columns) * (layout.cell + layout.gap),
    top: section.top + layout.head + row * layout.rowHeight,
  };
}

/** What stands between two heights: sections, and the indices of records from `from` to before `to`. */
export function between(layout, top, bottom) {
  if (layout.count === 0) return { sections: [], from: 0, to: 0 };
  const begin = sectionAt(layout.sections, "top", Math.max(0, top));
  const end = sectionAt(layout.sections, "top", Math.max(0, bottom));
  const rows = (section, height) => Math.floor((height - section.top - layout.head) / layout.rowHeight);
  const inside = (section, at) => Math.min(section.count, Math.max(0, at));
  const first = layout.sections[begin];
  const last = layout.sections[end];
  return {
    sections: layout.sections.slice(begin, end + 1),
    from: first.first + inside(first, rows(first, top) * layout.columns),
    to: last.first + inside(last, (rows(last, bottom) + 1) * layout.columns),
  };
}
