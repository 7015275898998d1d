// What lies below a bar, a point or a row.
import * as Menu from "@radix-ui/react-dropdown-menu";
import type { ReactElement } from "react";
import type { Drill } from "../lib/drill";
import type { Query } from "../lib/query";
import { stage } from "../ui/parts";

interface Props {
  drill: Drill;
  x: number;
  y: number;
  run: (query: Query) => void;
  onClose: () => void;
}

export function DrillMenu({ drill, x, y, run, onClose }: Props): ReactElement {
  return (
    <Menu.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <Menu.Trigger asChild><span className="anchor" style={{ left: x, top: y }} aria-hidden="true" /></Menu.Trigger>
      <Menu.Portal container={stage()}>
        <Menu.Content className="menu" align="start" sideOffset={4} collisionPadding={8} aria-label={`Look into ${drill.title}`} aria-labelledby={undefined}>
          <Menu.Label className="menu-title">{drill.title}</Menu.Label>
          {drill.choices.map((choice) => (
            <Menu.Item key={choice.label} className="menu-item" onSelect={() => run(choice.query)}>{choice.label}</Menu.Item>
          ))}
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
