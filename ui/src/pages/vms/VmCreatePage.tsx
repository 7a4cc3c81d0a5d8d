// SPDX-License-Identifier: Apache-2.0
// A VM in a few steps, each with a choice made already: source, size, first boot when the source has one, GPU device, review. From
// any of them there is a way to the review. A part that does not exist yet is cut first: previewed in the review, then done under
// the eyes of who asked for it.
import { Checkbox, Form, PageSection, Wizard, WizardStep } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router-dom';
import { createVm } from '@/api/actions';
import {
  useFiles,
  useGroups,
  useImages,
  useNameTaken,
  useNetworks,
  useNumberedVms,
  usePools,
  useTemplates,
  useVolumes,
} from '@/api/queries';
import type { Pool, Task, VmDeviceInput } from '@/contract/types';
import { useSettled } from '@/lib/debounce';
import { isFreeDisk } from '@/lib/volume';
import { t } from '@/strings';
import { Loaded, Waiting } from '@/widgets/feedback';
import { PageHead } from '@/widgets/PageHead';
import { useTaskDrawer } from '@/widgets/TaskDrawer';
import { CutChoice, type CutWish } from './CutChoice';
import { FirstBootForm } from '@/widgets/vm-form/FirstBootForm';
import { freeName } from '@/widgets/vm-form/sizes';
import { GroupChoice } from './GroupChoice';
import { useCutting } from './useCutting';
import {
  keepsDevices,
  newDraft,
  problemsOf,
  stepOk,
  vmInput,
  whyNoFirstBoot,
  type Draft,
  type StepId,
  type World,
} from '@/widgets/vm-form/draft';
import { StepFooter } from './wizard/Footer';
import { ReviewStep } from './wizard/ReviewStep';
import { SizeStep } from './wizard/SizeStep';
import { SourceStep, type Sources } from './wizard/SourceStep';
import { fromTemplate } from '@/widgets/vm-form/template';

interface Wish {
  /** Id of a resource group; "" for no GPU. */
  group: string;
  /** A part that is cut first; null when it is there already or none is wanted. */
  cut: CutWish | null;
}

const NO_GPU: Wish = { group: '', cut: null };

interface Start {
  sources: Sources;
  pools: Pool[];
  name: string;
  /** Id of the template to begin with; "" for none. */
  template: string;
}

function firstDraft({ sources, pools, name, template }: Start): { draft: Draft; group: string } {
  const pool = pools.find((one) => one.default)?.name ?? '';
  const plain = newDraft(name, sources.images[0]?.id ?? '', pool);
  const found = sources.templates.find((one) => one.id === template);
  return found ? fromTemplate(plain, found) : { draft: plain, group: '' };
}

function Create(start: Start) {
  const { sources, pools } = start;
  const navigate = useNavigate();
  const client = useQueryClient();
  const drawer = useTaskDrawer();
  const groups = useGroups();
  const networks = useNetworks().data ?? [];
  const [first] = useState(() => firstDraft(start));
  const [draft, setDraft] = useState(first.draft);
  const [wish, setWish] = useState<Wish>({ ...NO_GPU, group: first.group });
  const cutting = useCutting(wish.cut);
  const image = sources.images.find((one) => one.id === draft.image);
  const fromImage = draft.source === 'image' || (draft.source === 'template' && draft.image !== '');
  const world: World = {
    nameTaken: useNameTaken(useSettled(draft.name, 250)) ?? false,
    minMemoryMib: (fromImage && image?.min_memory_mib) || 0,
    imageBytes: (fromImage && image?.size_bytes) || 0,
    cloudInit: fromImage && (image?.cloud_init ?? true),
    pools,
  };
  const make = useMutation({
    mutationFn: async () => {
      let { group } = wish;
      if (wish.cut) {
        group = await cutting.run();
        setWish({ group, cut: null });
      }
      return createVm(vmInput(draft, world, group));
    },
    onSuccess: (task) => {
      client.setQueryData<Task[]>(['task'], (list) => [task, ...(list ?? []).filter((old) => old.id !== task.id)]);
      drawer.setOpen(true);
      void navigate('/vms', { replace: true });
    },
  });
  // A refusal is about what was sent; what is changed since then is not judged yet.
  const set = (next: Draft) => {
    if (make.error) make.reset();
    setDraft(next);
  };
  const choose = (next: Wish) => {
    if (make.error) make.reset();
    setWish(next);
  };
  const onTemplate = (id: string) => {
    const found = sources.templates.find((one) => one.id === id);
    const from = found ? fromTemplate(draft, found) : { draft: { ...draft, source: 'template' as const, template: id }, group: wish.group };
    set(from.draft);
    if (found) setWish({ group: from.group, cut: null });
  };
  const words = t.wizard;
  const busy = make.isPending;
  const problems = problemsOf(draft, world);
  const chosen = wish.cut !== null || wish.group !== '';
  const nameOf = (id: string) => groups.data?.find((one) => one.id === id)?.name ?? (groups.data ? words.groupGone : id);
  const claims =
    !wish.cut && keepsDevices(draft, wish.group) && draft.given
      ? draft.given.devices
      : chosen
        ? [{ group: wish.group, optional: draft.optional }]
        : [];
  const device = claims
    .map(({ group, count = 1, optional = false }: VmDeviceInput) => t.vm.claim(wish.cut ? cutting.name : nameOf(group), count, optional))
    .join('; ');
  const wrong = Object.keys(problems).length > 0;
  const ready = !wrong && (!wish.cut || cutting.ready);
  const footer = (step: StepId) => <StepFooter isNextDisabled={!stepOk(problems, step)} isReviewDisabled={wrong} />;
  const noBoot = whyNoFirstBoot(draft, world);
  const bootName = noBoot ? (
    <div>
      {words.steps.boot}
      <div className="fct-small">{noBoot}</div>
    </div>
  ) : (
    words.steps.boot
  );
  return (
    <Wizard navAriaLabel={words.nav} onSave={() => make.mutate()} onClose={() => void navigate('/vms')} isPlain>
      <WizardStep id="source" name={words.steps.source} isDisabled={busy} footer={footer('source')}>
        <SourceStep draft={draft} set={set} sources={sources} problems={problems} error={make.error} onTemplate={onTemplate} />
      </WizardStep>
      <WizardStep id="size" name={words.steps.size} isDisabled={busy} footer={footer('size')}>
        <SizeStep draft={draft} set={set} pools={pools} networks={networks} problems={problems} error={make.error} />
      </WizardStep>
      <WizardStep id="boot" name={bootName} isDisabled={busy || noBoot !== ''} footer={footer('boot')}>
        <Form onSubmit={(event) => event.preventDefault()}>
          <FirstBootForm os={draft.os} vm={draft.name} value={draft.boot} onChange={(boot) => set({ ...draft, boot })} />
        </Form>
      </WizardStep>
      <WizardStep id="gpu" name={words.steps.gpu} isDisabled={busy} footer={footer('gpu')}>
        <div className="fct-stack">
          <GroupChoice
            value={wish.cut ? null : wish.group}
            onChange={(id) => choose({ group: id, cut: null })}
            more={<CutChoice value={wish.cut} onChange={(cut) => choose({ group: '', cut })} />}
          />
          <Checkbox
            id="gpu-optional"
            label={t.vm.optionalText}
            isChecked={draft.optional}
            isDisabled={!chosen}
            onChange={(_event, optional) => set({ ...draft, optional })}
          />
        </div>
      </WizardStep>
      <WizardStep
        id="review"
        name={words.steps.review}
        isDisabled={wrong}
        footer={{ nextButtonText: words.submit, isNextDisabled: busy || !ready, isBackDisabled: busy }}
      >
        <ReviewStep
          draft={draft}
          set={set}
          world={world}
          sources={sources}
          networks={networks}
          device={device || words.noGpu}
          cutting={cutting}
          busy={busy}
          error={make.error}
        />
      </WizardStep>
    </Wizard>
  );
}

export default function VmCreatePage() {
  const [params] = useSearchParams();
  const images = useImages();
  const files = useFiles();
  const volumes = useVolumes();
  const templates = useTemplates();
  const pools = usePools();
  const vms = useNumberedVms();
  const waiting = (
    <PageSection>
      <Waiting lines={3} height="6rem" />
    </PageSection>
  );
  // What cannot be listed cannot be chosen; only images and the VMs' names are needed to begin.
  const known = [files, volumes, templates, pools].every((query) => !query.isPending);
  return (
    <>
      <PageHead title={t.wizard.title} trail={[{ to: '/vms', name: t.vm.title }]} />
      <Loaded query={images} waiting={waiting}>
        {(list) => (
          <Loaded query={vms} waiting={waiting}>
            {(numbered) =>
              known ? (
                <PageSection type="wizard">
                  <Create
                    sources={{
                      images: list,
                      isos: (files.data?.items ?? []).filter((file) => file.format === 'iso' && file.state === 'ready'),
                      volumes: (volumes.data ?? []).filter(isFreeDisk),
                      templates: templates.data ?? [],
                    }}
                    pools={pools.data ?? []}
                    name={freeName(numbered.items.map((vm) => vm.name))}
                    template={params.get('template') ?? ''}
                  />
                </PageSection>
              ) : (
                waiting
              )
            }
          </Loaded>
        )}
      </Loaded>
    </>
  );
}
