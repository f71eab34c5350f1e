// Dark or light: as the system has it, or as was chosen here.

const kThemes = ['system', 'dark', 'light'] as const;
type Theme = (typeof kThemes)[number];

function stored(): Theme {
  const value = localStorage.getItem('tegula-theme');
  return kThemes.find((theme) => theme === value) ?? 'system';
}

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function themeButton(): HTMLButtonElement {
  const button = document.createElement('button');
  const show = (theme: Theme) => {
    apply(theme);
    button.textContent = { system: '◐', dark: '☾', light: '☀' }[theme];
    button.title = `Colours: ${theme}`;
    button.setAttribute('aria-label', button.title);
  };
  button.addEventListener('click', () => {
    const next = kThemes[(kThemes.indexOf(stored()) + 1) % kThemes.length]!;
    localStorage.setItem('tegula-theme', next);
    show(next);
  });
  show(stored());
  return button;
}
