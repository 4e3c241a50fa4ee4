/** The few icons, drawn in the text's colour. They say nothing to a screen reader: their buttons have names. */

export function Icon({ path }: { path: string }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

const EYE =
  "M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 6.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z";

export const SendIcon = () => <Icon path="M8 13V3M3.5 7.5 8 3l4.5 4.5" />;
export const ClipIcon = () => (
  <Icon path="M13.2 7.4 8 12.6a3.3 3.3 0 0 1-4.7-4.7l5.4-5.4a2.2 2.2 0 0 1 3.1 3.1l-5.3 5.3a1.1 1.1 0 0 1-1.6-1.6l4.8-4.8" />
);
export const FileIcon = () => <Icon path="M4 2.5h5l3 3v8H4zM9 2.5v3h3" />;
export const DownIcon = () => <Icon path="M8 3v10M3.5 8.5 8 13l4.5-4.5" />;
export const ChevronIcon = () => <Icon path="m4 6 4 4 4-4" />;
export const LeftIcon = () => <Icon path="m10 4-4 4 4 4" />;
export const RightIcon = () => <Icon path="m6 4 4 4-4 4" />;
export const CopyIcon = () => <Icon path="M6 6h7v7H6zM3 10V3h7" />;
export const CheckIcon = () => <Icon path="m3.5 8.5 3 3 6-7" />;
export const EditIcon = () => <Icon path="m10.6 3 2.4 2.4-7 7-3 .6.6-3z" />;
export const AgainIcon = () => <Icon path="M13 8a5 5 0 1 1-1.6-3.7M13.2 2.5v3h-3" />;
export const EyeIcon = () => <Icon path={EYE} />;
export const NoEyeIcon = () => <Icon path={`${EYE}M3 13.5l10-11`} />;
export const BinIcon = () => <Icon path="M3 4.5h10M6.3 4.5v-2h3.4v2M4.5 4.5l.6 9h5.8l.6-9" />;
export const LockIcon = () => <Icon path="M4 7.5h8v6H4zM5.7 7.5V5.3a2.3 2.3 0 0 1 4.6 0v2.2" />;
export const ToolIcon = () => (
  <Icon path="M13 4.6a3.2 3.2 0 0 1-4.3 3.8L4.6 12.6a1.2 1.2 0 0 1-1.7-1.7L7 6.8A3.2 3.2 0 0 1 10.9 2.6L9 4.5l.4 1.7 1.7.4z" />
);
export const InfoIcon = () => <Icon path="M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM8 7.3v3.6M8 5v.1" />;
export const ThreadIcon = () => <Icon path="M2.5 3h8v5h-5L3.5 10V8h-1zM12.5 6h1v5h-1v2l-2-2h-4v-.8" />;
export const FoldIcon = () => <Icon path="m4 7 4-4 4 4M4 13l4-4 4 4" />;
export const MoreIcon = () => <Icon path="M3.5 8h.01M8 8h.01M12.5 8h.01" />;
export const CloseIcon = () => <Icon path="m4 4 8 8M12 4l-8 8" />;
export const StopIcon = () => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <rect x="4" y="4" width="8" height="8" rx="1.5" fill="currentColor" />
  </svg>
);
