import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useLayoutEffect, useReducer, useState } from 'preact/hooks';

type Rows = {
  readonly items: readonly VirtualItem[];
  readonly totalPx: number;
  readonly scrollTo: (row: number) => void;
};

/** The rows of a scrolled element that are in view, of any number of one height. */
export function useVirtualRows(
  scroller: RefObject<HTMLElement | null>,
  options: { readonly count: number; readonly rowPx: number },
): Rows {
  const [, redraw] = useReducer((drawn: number) => drawn + 1, 0);
  const settings = {
    count: options.count,
    estimateSize: () => options.rowPx,
    getScrollElement: () => scroller.current,
    overscan: 8,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: () => redraw(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(settings));
  virtualizer.setOptions(settings);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  return {
    items: virtualizer.getVirtualItems(),
    totalPx: virtualizer.getTotalSize(),
    scrollTo: (row) => virtualizer.scrollToIndex(row),
  };
}
