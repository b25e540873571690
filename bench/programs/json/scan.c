/* From letters to tokens. */
#include "json.h"

static int is_digit(char letter) { return letter >= '0' && letter <= '9'; }

static enum token scan_number(struct scanner *scanner) {
  const char *at = scanner->at;
  double sign = 1, number = 0, scale = 1;
  if (*at == '-') sign = -1, at++;
  if (!is_digit(*at)) return token_bad;
  for (; is_digit(*at); at++) number = number * 10 + (*at - '0');
  if (*at == '.')
    for (at++; is_digit(*at); at++) number = number * 10 + (*at - '0'), scale *= 10;
  scanner->number = sign * number / scale;
  scanner->at = at;
  return token_number;
}

static enum token scan_text(struct scanner *scanner) {
  const char *at = ++scanner->at;
  for (; *at != '"'; at++) {
    if (*at == 0) return token_bad;
    if (*at == '\\' && *++at == 0) return token_bad;
  }
  scanner->begin = scanner->at;
  scanner->length = (size_t)(at - scanner->at);
  scanner->at = at + 1;
  return token_text;
}

enum token scan(struct scanner *scanner) {
  while (*scanner->at == ' ' || *scanner->at == '\n' || *scanner->at == '\t') scanner->at++;
  scanner->begin = scanner->at;
  switch (*scanner->at) {
  case 0: return token_end;
  case '{': scanner->at++; return token_open;
  case '}': scanner->at++; return token_close;
  case '[': scanner->at++; return token_list;
  case ']': scanner->at++; return token_list_end;
  case ':': scanner->at++; return token_colon;
  case ',': scanner->at++; return token_comma;
  case '"': return scan_text(scanner);
  case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
    return scan_number(scanner);
  default:
    while (*scanner->at >= 'a' && *scanner->at <= 'z') scanner->at++;
    scanner->length = (size_t)(scanner->at - scanner->begin);
    return scanner->length == 0 ? token_bad : token_word;
  }
}
