// Exact numbers: BigInt in steps of 10^-8, never floating point. The reader's separators come from Intl.
const SCALE = 8;
export const ONE = 10n ** BigInt(SCALE);
const language = document.documentElement.lang || "en";
const parts = new Intl.NumberFormat(language === "en" ? "en-GB" : language).formatToParts(12345678.9);
const DECIMAL = parts.find((part) => part.type === "decimal").value;
const GROUP = parts.find((part) => part.type === "group")?.value ?? ",";
const NEUTRAL = /[\s'’\u00a0\u202f\u2009]/g;

/** "1.234,56" (de) -> 123456000000n; null when it is not a number here. Empty is 0. */
export function read(text) {
  const typed = String(text).trim().replace("\u2212", "-").replace(/\p{Sc}/gu, "").replace(NEUTRAL, "");
  if (!typed) return 0n;
  const negative = typed.startsWith("-");
  const [whole, fraction = "", ...rest] = typed.replace(/^[+-]/, "").split(DECIMAL);
  const grouped = whole.split(GROUP);
  const shape = grouped.length === 1 || (grouped.at(-1).length === 3 && grouped.slice(0, -1).every((part) => /^\d{1,3}$/.test(part)));
  const digits = grouped.join("");
  if (rest.length || !shape || !/^\d*$/.test(digits) || !/^\d*$/.test(fraction) || !(digits + fraction)) return null;
  const value = BigInt(digits || "0") * ONE + BigInt(fraction.slice(0, SCALE).padEnd(SCALE, "0"));
  return negative ? -value : value;
}

/** Division rounded half up, away from zero on a tie, as the server rounds money. */
export function divide(value, by) {
  const size = value < 0n ? -value : value;
  const rounded = (size * 2n + by) / (by * 2n);
  return value < 0n ? -rounded : rounded;
}

/** Minor units -> "€1,234.50" in the reader's locale, exact for any size. */
export function money(minor, currency, exponent = 2) {
  const sign = minor < 0n ? "-" : "";
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, "0");
  const text = exponent ? `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}` : sign + digits;
  const format = new Intl.NumberFormat(language === "en" ? "en-GB" : language, {
    style: "currency",
    currency,
    minimumFractionDigits: exponent,
    maximumFractionDigits: exponent,
  });
  return format.format(text).replace("-", "\u2212");
}
