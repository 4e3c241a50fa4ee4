/** Components that are drawn again only when one of their properties is another value. */
import { Component, type ComponentChildren, type FunctionComponent } from "preact";

export function pure<P extends object>(draw: (props: P) => ComponentChildren): FunctionComponent<P> {
  class Pure extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const [a, b] = [this.props as Record<string, unknown>, next as Record<string, unknown>];
      return Object.keys({ ...a, ...b }).some((name) => a[name] !== b[name]);
    }
    override render(props: P): ComponentChildren {
      return draw(props);
    }
  }
  return Pure as unknown as FunctionComponent<P>;
}
