#include "tegula/spec/text_kinds.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "tegula/core/text.h"

namespace tegula::spec {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLetter(char c) { return IsLower(c) || IsUpper(c); }
bool IsBeyondAscii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

template <class Predicate>
bool All(std::string_view text, Predicate is) {
  return std::all_of(text.begin(), text.end(), is);
}
bool OneOf(char c, std::string_view characters) { return characters.find(c) != std::string_view::npos; }

// Takes pieces off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const noexcept { return rest_.empty(); }
  std::string_view rest() const noexcept { return rest_; }
  void Set(std::string_view rest) noexcept { rest_ = rest; }

  bool Take(std::string_view piece) {
    if (!rest_.starts_with(piece)) return false;
    rest_.remove_prefix(piece.size());
    return true;
  }
  bool TakeOneOf(std::string_view characters) {
    if (rest_.empty() || !OneOf(rest_.front(), characters)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Any of these pieces, the first that fits.
  bool TakeAny(std::initializer_list<std::string_view> pieces) {
    return std::any_of(pieces.begin(), pieces.end(), [this](std::string_view piece) { return Take(piece); });
  }
  /// Between `min` and `max` digits; their value, or -1.
  std::int64_t Digits(std::size_t min, std::size_t max) {
    std::size_t count = 0;
    std::int64_t value = 0;
    while (count < max && count < rest_.size() && IsDigit(rest_[count]))
      value = std::min<std::int64_t>(value * 10 + (rest_[count++] - '0'), 1'000'000'000);
    if (count < min) return -1;
    rest_.remove_prefix(count);
    return value;
  }

 private:
  std::string_view rest_;
};

constexpr std::size_t kMany = 1000;

bool IsHostName(std::string_view host) {
  return !host.empty() && All(host, [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && !OneOf(c, "#<>?@\\^|%\"{}`");
  });
}

// A number of a calendar or clock with exactly so many digits.
bool TakeNumber(Scanner& from, std::size_t digits, std::int64_t min, std::int64_t max) {
  const std::int64_t value = from.Digits(digits, digits);
  return value >= min && value <= max;
}

int DaysIn(std::int64_t year, std::int64_t month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

// YYYY, YYYY-MM, YYYY-MM-DD, YYYYMMDD, and weeks YYYY-Www-D with their short forms.
bool TakeIsoDate(Scanner& from) {
  const std::int64_t year = from.Digits(4, 4);
  if (year < 1) return false;
  if (from.done()) return true;
  const bool dashed = from.Take("-");
  if (from.Take("W")) {
    if (!TakeNumber(from, 2, 1, 53)) return false;
    Scanner day = from;
    if ((!dashed || day.Take("-")) && TakeNumber(day, 1, 1, 7)) from = day;
    return true;
  }
  const std::int64_t month = from.Digits(2, 2);
  if (month < 1 || month > 12) return false;
  if (dashed && from.done()) return true;
  if (dashed && !from.Take("-")) return false;
  const std::int64_t day = from.Digits(2, 2);
  return day >= 1 && day <= DaysIn(year, month);
}

bool TakeZone(Scanner& from) {
  if (from.TakeOneOf("Zz")) return true;
  if (!from.TakeOneOf("+-") || !TakeNumber(from, 2, 0, 23)) return false;
  if (from.done()) return true;
  from.Take(":");
  return TakeNumber(from, 2, 0, 59);
}

// hh, hh:mm, hh:mm:ss, hhmmss with a fraction, and a zone.
bool TakeIsoTime(Scanner& from) {
  if (!TakeNumber(from, 2, 0, 24)) return false;
  const bool colons = from.rest().starts_with(":");
  for (int part = 0; part < 2 && !from.done() && !OneOf(from.rest().front(), "Zz+-"); ++part) {
    if (colons && !from.Take(":")) return false;
    if (!TakeNumber(from, 2, 0, 59)) return false;
    if (part == 1 && from.TakeOneOf(".,") && from.Digits(1, kMany) < 0) return false;
  }
  return from.done() || (TakeZone(from) && from.done());
}

// One unit with its prefix and, if it has one, its power.
bool TakeUnit(Scanner& from, bool may_be_negative) {
  constexpr std::string_view kPrefixes[] = {"Q", "R", "Y", "Z", "E", "P", "T", "G", "M", "k", "h", "da",
                                            "d", "c", "m", "µ", "n", "p", "f", "a", "z", "y", "r", "q"};
  constexpr std::string_view kUnits[] = {"mol", "kat", "cd", "Hz", "Pa", "Wb", "lm", "lx", "Bq", "Gy",
                                         "Sv",  "m",   "g",  "s",  "A",  "K",  "N",  "J",  "W",  "C",
                                         "V",   "F",   "Ω",  "S",  "T",  "H",  "l",  "L"};
  const auto ends_well = [](const Scanner& after) {
    return after.done() || after.rest().starts_with("·") || OneOf(after.rest().front(), "/^");
  };
  bool found = false;
  const Scanner begin = from;
  const auto try_units = [&](const Scanner& after_prefix) {
    for (const std::string_view unit : kUnits) {
      Scanner after = after_prefix;
      if (found || !after.Take(unit) || !ends_well(after)) continue;
      from = after;
      found = true;
    }
  };
  try_units(begin);
  for (const std::string_view prefix : kPrefixes) {
    Scanner after = begin;
    if (after.Take(prefix)) try_units(after);
  }
  if (!found) return false;
  if (!from.Take("^")) return true;
  from.TakeOneOf(may_be_negative ? "+-" : "+");
  return !from.rest().starts_with("0") && from.Digits(1, kMany) > 0;
}

}  // namespace

bool IsUrl(std::string_view text) {
  constexpr std::size_t kLongest = 2083;
  text = Trim(text);
  if (text.size() > kLongest) return false;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string scheme = ToLower(text.substr(0, colon));
  if (scheme != "http" && scheme != "https") return false;
  std::string_view rest = text.substr(colon + 1);
  while (!rest.empty() && OneOf(rest.front(), "/\\")) rest.remove_prefix(1);
  std::string_view host = rest.substr(0, rest.find_first_of("/\\?#"));
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  const bool is_address = host.starts_with('[');  // IPv6
  if (const std::size_t port = host.rfind(':'); !is_address && port != std::string_view::npos) {
    const std::string_view digits = host.substr(port + 1);
    if (!All(digits, IsDigit) || digits.size() > 5 || ParseInt(digits).value_or(0) > 65535) return false;
    host = host.substr(0, port);
  }
  return IsHostName(host);
}

bool IsEmail(std::string_view text) {
  text = Trim(text);
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::string_view name = text.substr(0, at), host = text.substr(at + 1);
  const auto is_name_character = [](char c) {
    return IsLetter(c) || IsDigit(c) || IsBeyondAscii(c) || OneOf(c, ".!#$%&'*+-/=?^_`{|}~");
  };
  if (name.empty() || name.size() > 64 || !All(name, is_name_character) || name.front() == '.' || name.back() == '.' ||
      name.find("..") != std::string_view::npos)
    return false;
  const std::vector<std::string> labels = Split(host, '.');
  if (host.size() > 253 || labels.size() < 2) return false;
  for (const std::string& label : labels) {
    const auto is_label_character = [](char c) { return IsLetter(c) || IsDigit(c) || IsBeyondAscii(c) || c == '-'; };
    if (label.empty() || label.size() > 63 || !All(label, is_label_character) || label.front() == '-' ||
        label.back() == '-')
      return false;
  }
  constexpr std::string_view kReserved[] = {"arpa", "invalid", "local", "localhost", "onion", "test"};  // RFC 6761
  const std::string top = ToLower(labels.back());
  return !IsDigit(top.back()) && std::find(std::begin(kReserved), std::end(kReserved), top) == std::end(kReserved);
}

bool IsDoi(std::string_view text) {
  Scanner from(text);
  return from.Take("10.") && from.Digits(4, 4) >= 0 && !from.done() && from.rest().find('\n') == std::string_view::npos;
}

bool IsOrcid(std::string_view text) {
  constexpr std::size_t kLength = 19;
  if (text.size() != kLength) return false;
  int check = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    const char c = text[i];
    if (i == 4 || i == 9 || i == 14) {
      if (c != '-') return false;
      continue;
    }
    if (!IsDigit(c) && c != 'X') return false;
    check = (2 * check + (c == 'X' ? 10 : c - '0')) % 11;
  }
  return check == 1;
}

bool IsVersion(std::string_view text) {
  const std::string lower = ToLower(Trim(text));
  Scanner from(lower);
  from.Take("v");
  Scanner epoch = from;
  if (epoch.Digits(1, kMany) >= 0 && epoch.Take("!")) from = epoch;
  if (from.Digits(1, kMany) < 0) return false;
  for (Scanner next = from; next.Take(".") && next.Digits(1, kMany) >= 0;) from = next;
  // A separator, a word, a separator and a number, where each but the word may be missing.
  const auto take_part = [&](std::initializer_list<std::string_view> words) {
    Scanner part = from;
    part.TakeOneOf("-_.");
    if (!part.TakeAny(words)) return;
    Scanner number = part;
    number.TakeOneOf("-_.");
    from = number.Digits(1, kMany) >= 0 ? number : part;
  };
  take_part({"alpha", "beta", "preview", "pre", "a", "b", "c", "rc"});
  Scanner post = from;
  if (post.Take("-") && post.Digits(1, kMany) >= 0)
    from = post;
  else
    take_part({"post", "rev", "r"});
  take_part({"dev"});
  if (from.Take("+")) {
    const auto is_local = [](char c) { return IsLower(c) || IsDigit(c); };
    const std::string_view local = from.rest();
    if (local.empty() || !is_local(local.front()) || !is_local(local.back())) return false;
    for (std::size_t i = 0; i < local.size(); ++i)
      if (!is_local(local[i]) && (!OneOf(local[i], "-_.") || !is_local(local[i + 1]))) return false;
    return true;
  }
  return from.done();
}

bool IsTimestamp(std::string_view text) {
  Scanner from(text);
  if (!TakeIsoDate(from)) return false;
  if (from.done()) return true;
  if (IsDigit(from.rest().front())) return false;
  from.Set(from.rest().substr(1));  // any one character between date and time
  return TakeIsoTime(from);
}

bool IsYamlDate(std::string_view text) {
  Scanner from(text);
  return from.Digits(4, 4) >= 0 && from.Take("-") && from.Digits(2, 2) >= 0 && from.Take("-") &&
         from.Digits(2, 2) >= 0 && from.done();
}

bool IsYamlTimestamp(std::string_view text) {
  Scanner from(text);
  if (from.Digits(4, 4) < 0 || !from.Take("-") || from.Digits(1, 2) < 0 || !from.Take("-") || from.Digits(1, 2) < 0)
    return false;
  const auto take_space = [&] {
    bool any = false;
    while (from.TakeOneOf(" \t")) any = true;
    return any;
  };
  if (!from.TakeOneOf("Tt") && !take_space()) return false;
  if (from.Digits(1, 2) < 0 || !from.Take(":") || from.Digits(2, 2) < 0 || !from.Take(":") || from.Digits(2, 2) < 0)
    return false;
  if (from.Take(".")) from.Digits(0, kMany);
  take_space();
  if (from.done() || from.Take("Z")) return from.done();
  if (!from.TakeOneOf("+-") || from.Digits(1, 2) < 0) return false;
  return from.done() || (from.Take(":") && from.Digits(2, 2) >= 0 && from.done());
}

bool IsSiUnit(std::string_view text) {
  std::string products;
  for (Scanner from(text); !from.done();) {
    if (from.Take("×") || from.TakeOneOf("* ")) {
      products += "·";
    } else {
      products += from.rest().front();
      from.Set(from.rest().substr(1));
    }
  }
  Scanner from(products);
  if (!TakeUnit(from, true)) return false;
  while (!from.done()) {
    const bool is_product = from.Take("·");
    if (!is_product && !from.Take("/")) return false;
    if (!TakeUnit(from, is_product)) return false;
  }
  return true;
}

bool IsIdentifier(std::string_view text) {
  constexpr std::string_view kKeywords[] = {"False",  "None",   "True",   "and",      "as",       "assert", "async",
                                            "await",  "break",  "class",  "continue", "def",      "del",    "elif",
                                            "else",   "except", "for",    "from",     "finally",  "global", "if",
                                            "import", "in",     "is",     "lambda",   "nonlocal", "not",    "or",
                                            "pass",   "raise",  "return", "try",      "while",    "with",   "yield"};
  const auto is_inner = [](char c) { return IsLetter(c) || IsDigit(c) || c == '_' || IsBeyondAscii(c); };
  return !text.empty() && !IsDigit(text.front()) && All(text, is_inner) &&
         std::find(std::begin(kKeywords), std::end(kKeywords), text) == std::end(kKeywords);
}

bool IsLowerIdentifier(std::string_view text) {
  const bool has_letter = std::any_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || IsBeyondAscii(c); });
  return IsIdentifier(text) && has_letter && std::none_of(text.begin(), text.end(), IsUpper);
}

bool IsResourceId(std::string_view text) {
  return !text.empty() && All(text, [](char c) { return IsLower(c) || IsDigit(c) || OneOf(c, "_-/."); }) &&
         text.front() != '/' && text.back() != '/';
}

bool IsPlainName(std::string_view text) {
  return All(text, [](char c) { return IsLetter(c) || IsDigit(c) || OneOf(c, "_+- ()"); });
}

bool IsDescriptionName(std::string_view file_name) {
  constexpr std::string_view kNames[] = {"rdf.yaml", "bioimageio.yaml", "model.yaml"};
  return std::any_of(std::begin(kNames), std::end(kNames), [&](std::string_view name) {
    return file_name == name || (file_name.ends_with(name) && file_name[file_name.size() - name.size() - 1] == '.');
  });
}

std::string_view FileNameOf(std::string_view source) {
  if (IsUrl(source)) {
    source = Trim(source);
    source = source.substr(0, source.find_first_of("?#"));
    constexpr std::string_view kZenodo = "https://zenodo.org/api/records/", kContent = "/content";
    if (source.starts_with(kZenodo) && source.ends_with(kContent)) source.remove_suffix(kContent.size());
  } else {
    while (source.ends_with('/')) source.remove_suffix(1);
  }
  const std::size_t slash = source.rfind('/');
  return slash == std::string_view::npos ? source : source.substr(slash + 1);
}

std::string_view SuffixOf(std::string_view file_name) {
  const std::size_t dot = file_name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view() : file_name.substr(dot);
}

std::size_t CountCharacters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace tegula::spec
