/** The few icons, drawn in the text's colour. They say nothing to a screen reader: their buttons have names. */

function Icon({ path }: { path: string }) {
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

export const SendIcon = () => <Icon path="M8 13V3M3.5 7.5 8 3l4.5 4.5" />;
export const DownIcon = () => <Icon path="M8 3v10M3.5 8.5 8 13l4.5-4.5" />;
export const ChevronIcon = () => <Icon path="m4 6 4 4 4-4" />;
export const CloseIcon = () => <Icon path="m4 4 8 8M12 4l-8 8" />;
export const StopIcon = () => (
  <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
    <rect x="4" y="4" width="8" height="8" rx="1.5" fill="currentColor" />
  </svg>
);
