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
    this.follows = null; // a list that is read from its beginning
    place.addEventListener("scroll", () => {
      this.follows = this.follows === null ? null : this.atEnd;
      this.draw();
    }, { passive: true });
    new ResizeObserver(() => (this.follows ? this.end() : this.draw())).observe(place);
  }

  /** Go to the last row, and stay there until somebody scrolls away. */
  end() {
    this.follows = true;
    this.place.scrollTop = this.count * this.height;
    this.draw();
  }

  get atEnd() {
    return this.place.scrollTop + this.place.clientHeight >= this.place.scrollHeight - this.height;
  }

  /** Show so many rows; who is at the end stays there. */
  show(count) {
    this.count = count;
    this.inner.style.height = `${count * this.height}px`;
    this.stale = true;
    if (this.follows) this.end();
    else this.draw();
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
