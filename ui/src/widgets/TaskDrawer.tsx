// SPDX-License-Identifier: Apache-2.0
// The drawer at the right: what runs and what ran, followed live. Whoever starts a task opens it through useTaskDrawer.
import { NotificationDrawer, NotificationDrawerBody, NotificationDrawerHeader } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { Link } from 'react-router-dom';
import { useTasks } from '@/api/queries';
import type { Task } from '@/contract/types';
import { isRunning } from '@/lib/tasks';
import { t } from '@/strings';
import { Loaded, Nothing } from './feedback';
import { TaskView } from './TaskView';
import { SendingView, useUploads } from './Uploads';

interface Drawer {
  isOpen: boolean;
  setOpen: (open: boolean) => void;
}

export const TaskDrawerContext = createContext<Drawer>({ isOpen: false, setOpen: () => undefined });
export const useTaskDrawer = () => useContext(TaskDrawerContext);

/** For whoever starts a task: it is shown at once, in the open drawer. */
export function useBegun(): (task: Task) => void {
  const client = useQueryClient();
  const { setOpen } = useTaskDrawer();
  return (task) => {
    client.setQueryData<Task[]>(['task'], (list) => [task, ...(list ?? []).filter((old) => old.id !== task.id)]);
    setOpen(true);
  };
}

/** How many run: tasks of Facet, and what is being sent from here. */
export function useRunning(): number {
  const running = useTasks().data?.filter(isRunning).length ?? 0;
  return running + (useUploads().sending ? 1 : 0);
}

export function TaskDrawer() {
  const tasks = useTasks();
  const { setOpen } = useTaskDrawer();
  const { sending } = useUploads();
  const count = useRunning();
  return (
    <NotificationDrawer>
      <NotificationDrawerHeader
        title={t.tasks.drawer(count)}
        count={undefined}
        onClose={() => setOpen(false)}
        closeButtonAriaLabel={t.tasks.close}
      >
        <Link to="/activity/tasks" onClick={() => setOpen(false)}>
          {t.tasks.all}
        </Link>
      </NotificationDrawerHeader>
      <NotificationDrawerBody>
        {sending && (
          <div className="fct-drawer-list">
            <SendingView sending={sending} size="sm" />
          </div>
        )}
        <Loaded query={tasks}>
          {(list) =>
            list.length === 0 ? (
              <Nothing title={t.tasks.none} text={t.tasks.noneText} />
            ) : (
              <div className="fct-drawer-list">
                {list.slice(0, 20).map((task, i) => (
                  <TaskView key={task.id} task={task} open={i === 0} />
                ))}
              </div>
            )
          }
        </Loaded>
      </NotificationDrawerBody>
    </NotificationDrawer>
  );
}
