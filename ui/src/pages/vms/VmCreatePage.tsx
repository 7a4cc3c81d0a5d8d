// SPDX-License-Identifier: Apache-2.0
// A VM in four steps, each with a choice made already: image, size, GPU device, review. A part that does not exist yet is cut
// first: previewed in the review, then done under the eyes of who asked for it.
import { Checkbox, PageSection, Wizard, WizardStep } from '@patternfly/react-core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router-dom';
import { createVm } from '@/api/actions';
import { useGroups, useImages, useNameTaken, useNumberedVms } from '@/api/queries';
import type { Image, Task, VmInput } from '@/api/types';
import { useSettled } from '@/lib/debounce';
import { t } from '@/strings';
import { Facts } from '@/widgets/Facts';
import { ErrorAlert, Loaded, Nothing, Waiting } from '@/widgets/feedback';
import { PageHead } from '@/widgets/PageHead';
import { useTaskDrawer } from '@/widgets/TaskDrawer';
import { ShownError } from './cut';
import { CutChoice, type CutWish } from './CutChoice';
import { CutReview } from './CutReview';
import { freeName, NAME, SIZES, type Size } from './draft';
import { GroupChoice } from './GroupChoice';
import { ImageStep, SizeStep } from './steps';
import { useCutting } from './useCutting';

interface Wish {
  /** Id of a resource group; "" for no GPU. */
  group: string;
  /** A part that is cut first; null when it is there already or none is wanted. */
  cut: CutWish | null;
}

const NO_GPU: Wish = { group: '', cut: null };

function Create({ images, taken }: { images: Image[]; taken: string[] }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const drawer = useTaskDrawer();
  const groups = useGroups();
  const [imageId, setImageId] = useState(images[0]?.id ?? '');
  const [name, setName] = useState(() => freeName(taken));
  const isTaken = useNameTaken(useSettled(name, 250)) ?? false;
  const [size, setSize] = useState<Size>(SIZES.small);
  const [wish, setWish] = useState(NO_GPU);
  const [optional, setOptional] = useState(false);
  const [start, setStart] = useState(true);
  const cutting = useCutting(wish.cut);
  const image = images.find((one) => one.id === imageId);
  const nameOk = NAME.test(name) && !isTaken;
  const fits = size.memory_mib >= (image?.min_memory_mib ?? 0) && size.vcpus > 0;
  const make = useMutation({
    mutationFn: async () => {
      let { group } = wish;
      if (wish.cut) {
        group = await cutting.run();
        setWish({ group, cut: null });
      }
      const input: VmInput = {
        name, image: imageId, ...size, start, devices: group ? [{ group, count: 1, optional }] : [],
      };
      return createVm(input);
    },
    onSuccess: (task) => {
      client.setQueryData<Task[]>(['task'], (list) => [task, ...(list ?? []).filter((old) => old.id !== task.id)]);
      drawer.setOpen(true);
      void navigate('/vms', { replace: true });
    },
  });
  const words = t.wizard;
  const busy = make.isPending;
  const chosen = wish.cut !== null || wish.group !== '';
  const groupName = cutting.name || groups.data?.find((one) => one.id === wish.group)?.name || words.noGpu;
  const ready = nameOk && fits && image !== undefined && (!wish.cut || cutting.ready);
  return (
    <Wizard navAriaLabel={words.nav} onSave={() => make.mutate()} onClose={() => void navigate('/vms')} isPlain>
      <WizardStep id="image" name={words.steps.image} isDisabled={busy} footer={{ isNextDisabled: !nameOk || !image }}>
        <ImageStep images={images} image={imageId} onImage={setImageId} name={name} onName={setName} taken={isTaken} valid={nameOk} />
      </WizardStep>
      <WizardStep id="size" name={words.steps.size} isDisabled={busy} footer={{ isNextDisabled: !fits }}>
        <SizeStep size={size} onSize={setSize} needMib={image?.min_memory_mib ?? 0} />
      </WizardStep>
      <WizardStep id="gpu" name={words.steps.gpu} isDisabled={busy}>
        <div className="fct-stack">
          <GroupChoice
            value={wish.cut ? null : wish.group}
            onChange={(group) => setWish({ group, cut: null })}
            more={<CutChoice value={wish.cut} onChange={(cut) => setWish({ group: '', cut })} />}
          />
          <Checkbox id="gpu-optional" label={t.vm.optionalText} isChecked={optional} isDisabled={!chosen} onChange={(_event, on) => setOptional(on)} />
        </div>
      </WizardStep>
      <WizardStep id="review" name={words.steps.review} footer={{ nextButtonText: words.submit, isNextDisabled: busy || !ready, isBackDisabled: busy }}>
        <div className="fct-stack">
          {make.error && !(make.error instanceof ShownError) && <ErrorAlert error={make.error} title={words.failed} />}
          <Facts
            columns={2}
            facts={[
              [words.name, name], [words.steps.image, image?.name ?? ''], [words.vcpus, String(size.vcpus)],
              [t.vm.memory, `${size.memory_mib / 1024} GiB`], [t.vm.disk, `${size.disk_gib} GiB`],
              [words.device, optional && chosen ? `${groupName}, ${t.vm.optionalShort}` : groupName],
            ]}
          />
          <Checkbox id="start-now" label={words.start} isChecked={start} isDisabled={busy} onChange={(_event, on) => setStart(on)} />
          <CutReview cutting={cutting} busy={busy} />
        </div>
      </WizardStep>
    </Wizard>
  );
}

export default function VmCreatePage() {
  const images = useImages();
  const vms = useNumberedVms();
  const waiting = <PageSection><Waiting lines={3} height="6rem" /></PageSection>;
  return (
    <>
      <PageHead title={t.wizard.title} trail={[{ to: '/vms', name: t.vm.title }]} />
      <Loaded query={images} waiting={waiting}>
        {(list) => list.length === 0
          ? <PageSection><Nothing title={t.wizard.noImages} text={t.wizard.noImagesText} /></PageSection>
          : <Loaded query={vms} waiting={waiting}>{(numbered) => <PageSection type="wizard"><Create images={list} taken={numbered.items.map((vm) => vm.name)} /></PageSection>}</Loaded>}
      </Loaded>
    </>
  );
}
