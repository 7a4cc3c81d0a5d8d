// SPDX-License-Identifier: Apache-2.0
// All that will be made, and a refusal with the way to the step that it is about.
import { Alert, AlertActionLink, Checkbox, useWizardContext } from '@patternfly/react-core';
import { ApiError } from '@/api/client';
import { ShownError } from '@/api/wait';
import type { Network } from '@/contract/types';
import { mib } from '@/lib/format';
import { t } from '@/strings';
import { Facts } from '@/widgets/Facts';
import { ErrorAlert } from '@/widgets/feedback';
import { asksSource, hasFirstBoot, stepOfField, usedOrder, type Draft, type World } from '@/widgets/vm-form/draft';
import { firstBootInput } from '@/widgets/vm-form/firstboot';
import { bootText, usedNics } from '@/widgets/vm-form/summary';
import { CutReview } from '../CutReview';
import type { Cutting } from '../useCutting';
import type { Sources } from './SourceStep';

const words = t.wizard;

interface Props {
  draft: Draft;
  set: (draft: Draft) => void;
  world: World;
  sources: Sources;
  networks: readonly Network[];
  device: string;
  cutting: Cutting;
  busy: boolean;
  error: unknown;
}

function Refusal({ error }: { error: unknown }) {
  const { goToStepById } = useWizardContext();
  const step = error instanceof ApiError ? stepOfField(error.details.field ?? '') : null;
  if (!step || !(error instanceof ApiError)) return <ErrorAlert error={error} title={words.failed} />;
  return (
    <Alert
      variant="danger"
      isInline
      title={words.failed}
      component="p"
      actionLinks={<AlertActionLink onClick={() => goToStepById(step)}>{words.goTo(words.steps[step])}</AlertActionLink>}
    >
      {error.message}
    </Alert>
  );
}

function sourceName(draft: Draft, { images, isos, volumes, templates }: Sources): string {
  switch (draft.source) {
    case 'image':
      return images.find((one) => one.id === draft.image)?.name ?? '';
    case 'iso':
      return isos.find((one) => one.id === draft.iso)?.name ?? '';
    case 'volume':
      return volumes.find((one) => one.id === draft.volume)?.name ?? '';
    case 'template':
      return templates.find((one) => one.id === draft.template)?.name ?? '';
  }
}

/** What begins in the VM's CD drives, in their order. */
function discs(draft: Draft, world: World, { isos }: Sources): string[] {
  const name = (id: string) => isos.find((one) => one.id === id)?.name ?? id;
  const iso = draft.source === 'iso' || draft.source === 'template' ? draft.iso : '';
  const answers = draft.os === 'windows' && hasFirstBoot(draft, world) && firstBootInput(draft.boot, draft.os).windows;
  return [
    ...(iso ? [name(iso)] : []),
    ...(draft.source === 'iso' && draft.drivers ? [name(draft.drivers)] : []),
    ...(answers ? [words.answerDisc] : []),
  ];
}

export function ReviewStep({ draft, set, world, sources, networks, device, cutting, busy, error }: Props) {
  const { size, disks } = draft;
  const nics = usedNics(draft, networks).map((nic) => nic.network);
  const all = [
    ...(draft.source === 'volume' ? [sourceName(draft, sources)] : [`${size.disk_gib} GiB ${draft.pool}`.trim()]),
    ...disks.map((disk) => `${disk.size_gib} GiB ${disk.pool}`),
  ];
  const cds = discs(draft, world, sources);
  const begun = asksSource(draft) ? sources.images.find((one) => one.id === draft.image)?.name : undefined;
  const firmware = [draft.uefi ? words.uefi : words.bios, ...(draft.tpm ? [t.hardware.tpm] : [])].join(', ');
  return (
    <div className="fct-stack">
      {Boolean(error) && !(error instanceof ShownError) && <Refusal error={error} />}
      <Facts
        columns={2}
        facts={[
          [words.name, draft.name],
          [words.sources[draft.source], sourceName(draft, sources)],
          ...(begun ? [[words.image, begun] as [string, string]] : []),
          [words.os, words.oses[draft.os]],
          [t.vm.vcpus, String(size.vcpus)],
          [t.vm.memory, mib(size.memory_mib)],
          [words.disks, all.join(', ')],
          ...(cds.length ? [[t.hardware.cdroms, cds.join(', ')] as [string, string]] : []),
          [
            t.hardware.boot,
            usedOrder(draft)
              .map((one) => t.hardware.boots[one])
              .join(', '),
          ],
          [words.network, nics.join(', ') || words.noNics],
          [words.firmware, firmware],
          ...(hasFirstBoot(draft, world) ? [[words.firstBoot, bootText(draft)] as [string, string]] : []),
          [words.device, device],
        ]}
      />
      <Checkbox
        id="start-now"
        label={words.start}
        isChecked={draft.start}
        isDisabled={busy}
        onChange={(_event, start) => set({ ...draft, start })}
      />
      <CutReview cutting={cutting} busy={busy} />
    </div>
  );
}
