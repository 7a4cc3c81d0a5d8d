// SPDX-License-Identifier: Apache-2.0
// The pieces of the picture's rows. They know how they look; what they mean is in geometry.ts.
import type { CSSProperties, KeyboardEvent } from 'react';
import { hueOf } from '@/lib/colour';
import { t } from '@/strings';
import type { Block, Picture, Room, Segment } from './geometry';
import { blockRest, segmentText, slots } from './words';

export interface Pointing {
  /** The unit that is pointed at; null when nothing is. */
  at: number | null;
  onPoint: (unit: number | null) => void;
}

export const column = (start: number, size: number): CSSProperties => ({ gridColumn: `${start + 1} / span ${size}` });

export function hueClass(segment: Segment): string {
  if (segment.kind !== 'block' || segment.fate === 'coming') return '';
  if (segment.holderKind === 'vm') return `fct-hue-${hueOf(segment.holder)}`;
  return segment.holderKind === 'process' ? 'fct-hue-process' : 'fct-hue-idle';
}

/** Arrow keys move along the row; there is one stop for the Tab key in the whole picture. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const keys: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1 };
  const step = keys[event.key];
  const stops = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('button[data-unit]')];
  const here = stops.indexOf(document.activeElement as HTMLButtonElement);
  if (here < 0) return;
  const to = event.key === 'Home' ? 0 : event.key === 'End' ? stops.length - 1 : step === undefined ? -1 : here + step;
  const stop = stops[to];
  if (!stop) return;
  event.preventDefault();
  stop.focus();
}

function blockClass(block: Block, dim: boolean): string {
  const fate = block.fate === 'leaving' || block.fate === 'coming' ? ` fct-seg--${block.fate}` : '';
  const split = block.notWhole ? ' fct-seg--split' : '';
  return `fct-seg ${hueClass(block)}${fate}${split}${dim ? ' fct-seg--dim' : ''}`;
}

export function BlockSegment({ block, dim, pointing, tabStop }: { block: Block; dim: boolean; pointing?: Pointing; tabStop: boolean }) {
  const inside = (
    <>
      <span className={`fct-seg__profile${block.holder ? ' fct-seg__profile--held' : ''}`}>{block.profile}</span>{' '}
      {block.notWhole && <span className="fct-seg__split">{block.notWhole}</span>}{' '}
      <span className={`fct-seg__holder${block.holder ? '' : ' fct-seg__holder--none'}`}>
        {block.holder || (block.fate === 'coming' ? t.picture.fate.coming : t.picture.notInUse)}
      </span>
      <span className="pf-v6-screen-reader">{blockRest(block)}</span>
      {block.fill != null && <span className="fct-seg__fill" style={{ inlineSize: `${block.fill * 100}%` }} />}
    </>
  );
  const common = { className: blockClass(block, dim), style: column(block.start, block.size) };
  if (!pointing)
    return (
      <div {...common} title={segmentText(block)}>
        {inside}
      </div>
    );
  return (
    <button
      type="button"
      {...common}
      data-unit={block.start}
      tabIndex={tabStop ? 0 : -1}
      aria-pressed={pointing.at === block.start}
      onMouseEnter={() => pointing.onPoint(block.start)}
      onFocus={() => pointing.onPoint(block.start)}
      onClick={() => pointing.onPoint(block.start)}
    >
      {inside}
    </button>
  );
}

export function FreeSegment({
  room,
  pointing,
  tabUnit,
  showWord,
}: {
  room: Room;
  pointing?: Pointing;
  tabUnit: number;
  showWord: boolean;
}) {
  const style = { ...column(room.start, room.size), '--fct-size': room.size } as CSSProperties;
  const cells = pointing ? Array.from({ length: room.size }, (_, i) => room.start + i) : [];
  return (
    <div className="fct-seg fct-seg--free" style={style} title={pointing ? undefined : segmentText(room)}>
      {pointing &&
        cells.map((unit, i) => (
          <button
            key={unit}
            type="button"
            className="fct-cell"
            style={{ gridColumn: i + 1 }}
            data-unit={unit}
            tabIndex={unit === tabUnit ? 0 : -1}
            aria-label={t.picture.freeAt(t.picture.slot(unit))}
            aria-pressed={pointing.at === unit}
            onMouseEnter={() => pointing.onPoint(unit)}
            onFocus={() => pointing.onPoint(unit)}
            onClick={() => pointing.onPoint(unit)}
          />
        ))}
      {showWord && <span className="fct-seg__word">{t.picture.free}</span>}
    </div>
  );
}

export function StrandedSegment({ room, pointing, tabStop }: { room: Room; pointing?: Pointing; tabStop: boolean }) {
  const common = { className: 'fct-seg fct-seg--stranded', style: column(room.start, room.size) };
  const inside = (
    <>
      <span className="fct-seg__word">{t.picture.stranded}</span>
      <span className="pf-v6-screen-reader">
        , {slots(room)}: {room.why}
      </span>
    </>
  );
  if (!pointing)
    return (
      <div {...common} title={segmentText(room)}>
        {inside}
      </div>
    );
  return (
    <button
      type="button"
      {...common}
      data-unit={room.start}
      tabIndex={tabStop ? 0 : -1}
      aria-pressed={pointing.at === room.start}
      onMouseEnter={() => pointing.onPoint(room.start)}
      onFocus={() => pointing.onPoint(room.start)}
      onClick={() => pointing.onPoint(room.start)}
    >
      {inside}
    </button>
  );
}

/** The squares of compute under their memory: filled when a compute instance has them. */
export function SliceRow({ picture }: { picture: Picture }) {
  return (
    <div className="fct-card__row" aria-hidden="true">
      {picture.segments.map((segment) => {
        const fits = Math.max(1, Math.floor(segment.size / picture.sliceUnits));
        const columns = Math.max(fits, segment.slices);
        const on = segment.kind === 'block' ? segment.inUse : 0;
        return (
          <div
            key={segment.start}
            className={`fct-slices ${hueClass(segment)}`}
            style={{ ...column(segment.start, segment.size), gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
          >
            {Array.from({ length: segment.slices }, (_, i) => (
              <span key={i} className={`fct-slice${i < on ? ' fct-slice--on' : ''}`} />
            ))}
          </div>
        );
      })}
    </div>
  );
}
