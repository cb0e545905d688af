/** The name and its chair. */
export function Mark() {
  return (
    <span className="mark">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M11 6.5v11h10M11 17.5v8M21 17.5v8M11 12h4" />
      </svg>
      Hotseat
    </span>
  );
}
