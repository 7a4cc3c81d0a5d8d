// SPDX-License-Identifier: Apache-2.0
import { Alert, Card, CardBody, CardTitle, Label, PageSection } from '@patternfly/react-core';
import { useNodes } from '@/api/queries';
import type { Node } from '@/contract/types';
import { mib, UNKNOWN } from '@/lib/format';
import { t } from '@/strings';
import { Facts } from '@/widgets/Facts';
import { Loaded } from '@/widgets/feedback';
import { PageHead } from '@/widgets/PageHead';
import { Value } from '@/widgets/Reading';
import { AutostartCard } from './AutostartCard';

const words = t.settings.node;
const up = (state: 'up' | 'down') => (
  <Label isCompact status={state === 'up' ? 'success' : 'danger'}>
    {state === 'up' ? words.up : words.down}
  </Label>
);

function NodeView({ node }: { node: Node }) {
  const { virt } = node;
  return (
    <div className="fct-stack">
      {virt.missing && virt.missing.length > 0 && (
        <Alert variant="warning" isInline title={words.missing} component="p">
          <ul className="pf-v6-c-list">
            {virt.missing.map((m) => (
              <li key={m.what}>
                {m.what}: {m.why} {m.next}
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <Card isCompact>
        <CardTitle component="h2">{node.name}</CardTitle>
        <CardBody>
          <Facts
            facts={[
              [words.machine, `${node.vendor} ${node.product}`.trim() || UNKNOWN],
              [words.processor, node.cpu_model || UNKNOWN],
              [words.cpus, String(node.cpus)],
              [words.memory, mib(node.memory_mib)],
              [words.kernel, node.kernel || UNKNOWN],
              [words.iommu, words.iommus[node.iommu]],
              [words.driver, <Value key="d" text={node.driver_version || UNKNOWN} why={node.nvml_problem} />],
              [words.nvml, <Value key="n" text={node.nvml_version || UNKNOWN} why={node.nvml_problem} />],
              [words.nvswitches, String(node.nvswitches)],
            ]}
          />
        </CardBody>
      </Card>
      <Card isCompact>
        <CardTitle component="h2">{t.vm.title}</CardTitle>
        <CardBody>
          <Facts
            facts={[
              [words.helper, up(node.helper)],
              [
                words.virt,
                <span key="v" className="fct-row fct-row--tight">
                  {up(virt.state)} {virt.libvirt}
                </span>,
              ],
              [words.qemu, virt.qemu || UNKNOWN],
              [
                words.accel,
                <span key="a">
                  {virt.accel ? words.accels[virt.accel] : UNKNOWN}
                  {virt.why_not_kvm && <div className="fct-subtle fct-small">{virt.why_not_kvm}</div>}
                </span>,
              ],
              [words.parts, virt.part_device ? words.partDevice[virt.part_device] : UNKNOWN],
            ]}
          />
        </CardBody>
      </Card>
      <AutostartCard />
    </div>
  );
}

export default function NodesPage() {
  const nodes = useNodes();
  return (
    <>
      <PageHead title={words.title} />
      <PageSection>
        <Loaded query={nodes}>
          {(list) => (
            <>
              {list.map((node) => (
                <NodeView key={node.id} node={node} />
              ))}
            </>
          )}
        </Loaded>
      </PageSection>
    </>
  );
}
