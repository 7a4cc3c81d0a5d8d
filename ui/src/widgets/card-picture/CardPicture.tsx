// SPDX-License-Identifier: Apache-2.0
// A card as a ruler of its real units, to scale. Thin in lists, full on the card's page, pair in a preview.
import './card-picture.css';
import type { CSSProperties, ReactNode } from 'react';
import type { Gpu } from '@/contract/types';
import { t } from '@/strings';
import { pictureOfGpu, type Picture, type Span } from './geometry';
import { BlockSegment, column, FreeSegment, moveFocus, SliceRow, StrandedSegment, type Pointing } from './Segments';
import { pictureText } from './words';

interface PictureProps {
  title: string;
  picture: Picture;
  variant: 'thin' | 'full' | 'pair';
  /** Label of the memory row; a preview says Now and Then. */
  memoryLabel?: string;
  /** Where am I: everything that this VM does not hold steps back. */
  only?: string;
  pointing?: Pointing;
  ghost?: Span | null;
  ruler?: boolean;
}

function Ruler({ units }: { units: number }) {
  return (
    <>
      <span className="fct-card__label" aria-hidden="true">
        {t.picture.slotRow}
      </span>
      <div className="fct-card__row" aria-hidden="true">
        {Array.from({ length: units }, (_, unit) => (
          <span key={unit} className="fct-card__tick">
            {unit}
          </span>
        ))}
      </div>
    </>
  );
}

export function CardPicture({ title, picture, variant, memoryLabel, only, pointing, ghost, ruler = variant === 'full' }: PictureProps) {
  const wide = variant !== 'thin';
  const first = picture.segments[0]?.start ?? 0;
  const tabUnit = pointing?.at ?? first;
  const stop = (start: number) => tabUnit === start;
  return (
    <div
      className={`fct-card fct-card--${variant}`}
      style={{ '--fct-units': picture.units } as CSSProperties}
      role={pointing ? 'group' : 'img'}
      aria-label={pictureText(title, picture)}
      onKeyDown={pointing ? moveFocus : undefined}
    >
      {ruler && <Ruler units={picture.units} />}
      {wide && (
        <span className="fct-card__label" aria-hidden="true">
          {memoryLabel ?? t.picture.memoryRow}
        </span>
      )}
      <div className="fct-card__row fct-card__memory">
        {picture.segments.map((segment) => {
          switch (segment.kind) {
            case 'block':
              return (
                <BlockSegment
                  key={segment.start}
                  block={segment}
                  dim={only !== undefined && segment.holder !== only}
                  pointing={pointing}
                  tabStop={stop(segment.start)}
                />
              );
            case 'free':
              return (
                <FreeSegment
                  key={segment.start}
                  room={segment}
                  pointing={pointing}
                  tabUnit={tabUnit}
                  showWord={wide || segment.size * 4 >= picture.units}
                />
              );
            case 'stranded':
              return <StrandedSegment key={segment.start} room={segment} pointing={pointing} tabStop={stop(segment.start)} />;
          }
        })}
        {ghost && <span className="fct-ghost" style={ghostPlace(ghost, picture.units)} />}
      </div>
      {wide && (
        <span className="fct-card__label" aria-hidden="true">
          {t.picture.computeRow}
        </span>
      )}
      <SliceRow picture={picture} />
    </div>
  );
}

const ghostPlace = (ghost: Span, units: number): CSSProperties => ({
  insetInlineStart: `${(ghost.start / units) * 100}%`,
  inlineSize: `calc(${(ghost.size / units) * 100}% - 3px)`,
});

interface WholeProps {
  title: string;
  text: string;
  variant: 'thin' | 'full' | 'pair';
  dead?: boolean;
  units: number;
  memoryLabel?: string;
  ruler?: boolean;
}

/** A card in one piece: no MIG, MIG off, passthrough, or not answering. */
export function WholePicture({ title, text, variant, dead = false, units, memoryLabel, ruler = variant === 'full' }: WholeProps) {
  return (
    <div
      className={`fct-card fct-card--${variant}`}
      style={{ '--fct-units': Math.max(1, units) } as CSSProperties}
      role="img"
      aria-label={`${title}: ${text}`}
    >
      {ruler && units > 0 && <Ruler units={units} />}
      {variant !== 'thin' && (
        <span className="fct-card__label" aria-hidden="true">
          {memoryLabel ?? t.picture.memoryRow}
        </span>
      )}
      <div className="fct-card__row fct-card__memory">
        <div className={`fct-seg fct-seg--whole${dead ? ' fct-seg--dead' : ''}`} style={column(0, Math.max(1, units))}>
          <span className="fct-seg__holder">{text}</span>
        </div>
      </div>
    </div>
  );
}

/** What to draw for a card whatever its state is. */
export function GpuPicture({
  gpu,
  variant,
  only,
  pointing,
  ghost,
}: {
  gpu: Gpu;
  variant: 'thin' | 'full';
  only?: string;
  pointing?: Pointing;
  ghost?: Span | null;
}): ReactNode {
  const title = t.gpu.title(gpu.index);
  const whole = (text: string, dead = false) => (
    <WholePicture title={title} text={text} variant={variant} dead={dead} units={gpu.mig.units} />
  );
  if (gpu.state === 'lost' || gpu.state === 'wedged') return whole(t.gpu.wholeLost, true);
  if (gpu.state === 'released') return whole(t.gpu.wholeReleased);
  if (gpu.mode === 'passthrough') return whole(t.gpu.wholePassthrough);
  if (!gpu.mig.capable) return whole(t.gpu.wholeNoMig);
  if (!gpu.mig.current || gpu.mig.units === 0) return whole(t.gpu.wholeFree);
  return <CardPicture title={title} picture={pictureOfGpu(gpu)} variant={variant} only={only} pointing={pointing} ghost={ghost} />;
}
