// What this program uses of the vendored idiomorph.
declare module "*/idiomorph.esm.js" {
  export interface Callbacks {
    beforeNodeAdded?: (node: Node) => boolean;
    beforeNodeMorphed?: (from: Node, to: Node) => boolean;
    afterNodeMorphed?: (from: Node, to: Node) => void;
    beforeNodeRemoved?: (node: Node) => boolean;
  }
  export const Idiomorph: {
    morph(from: Element, to: Element | Node[], options: { morphStyle: "innerHTML" | "outerHTML"; ignoreActiveValue?: boolean; restoreFocus?: boolean; callbacks?: Callbacks }): void;
  };
}
