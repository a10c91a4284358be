// A long list of rows of one height, of which only those in sight are elements.

const MORE = 8;

export class Rows {
  /** `make(index)`: an element for a row. `height`: of each, in pixels. */
  constructor(place, height, make) {
    this.place = place;
    this.height = height;
    this.make = make;
    this.count = 0;
    this.inner = document.createElement("div");
    this.inner.className = "inner";
    place.append(this.inner);
    place.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(place);
  }

  get atEnd() {
    return this.place.scrollTop + this.place.clientHeight >= this.place.scrollHeight - this.height;
  }

  /** Show so many rows; stay at the end if that is where the reader was. */
  show(count, follow = false) {
    const stay = follow && this.atEnd;
    this.count = count;
    this.inner.style.height = `${count * this.height}px`;
    this.stale = true;
    if (stay) this.place.scrollTop = count * this.height;
    this.draw();
  }

  draw() {
    this.pending ??= requestAnimationFrame(() => {
      this.pending = null;
      const first = Math.max(0, Math.floor(this.place.scrollTop / this.height) - MORE);
      const last = Math.min(this.count, Math.ceil((this.place.scrollTop + this.place.clientHeight) / this.height) + MORE);
      if (!this.stale && first === this.first && last === this.last) return;
      [this.first, this.last, this.stale] = [first, last, false];
      const rows = [];
      for (let index = first; index < last; index++) {
        const row = this.make(index);
        row.style.transform = `translateY(${index * this.height}px)`;
        row.style.height = `${this.height}px`;
        rows.push(row);
      }
      this.inner.replaceChildren(...rows);
    });
  }
}
