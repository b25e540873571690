/** Functions of libc, libm and libgcc that are known to call nothing that they were given, and nobody's handlers. */

const memory = `memchr memcmp memcpy memmove mempcpy memrchr memset bcmp bcopy bzero rawmemchr malloc calloc realloc free
aligned_alloc posix_memalign reallocarray`;
const strings = `stpcpy stpncpy strcat strchr strchrnul strcmp strcpy strcspn strlen strncat strncmp strncpy strnlen strpbrk
strrchr strspn strstr strcasecmp strncasecmp wcslen wmemset wmemcpy isalnum isalpha isblank iscntrl isdigit isgraph islower
isprint ispunct isspace isupper isxdigit tolower toupper atoi atol atoll strtol strtoul strtoll strtoull strtod strtof`;
const integers = `abs labs llabs div ldiv lldiv rand srand __divti3 __modti3 __udivti3 __umodti3 __multi3 __popcountdi2 __ashlti3
__ashrti3 __lshrti3`;
/** Each is there for double, float and long double. */
const floats = `acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp10 exp2 expm1 fabs fdim floor fma
fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter
pow remainder rint round roundeven scalbln scalbn sin sincos sinh sqrt tan tanh tgamma trunc`;
const clocks = 'clock time difftime clock_gettime gettimeofday';

const words = (text: string): string[] => text.split(/\s+/);

/** By linker name. */
export const harmlessFunctions: ReadonlySet<string> = new Set([
  ...[memory, strings, integers, clocks].flatMap(words),
  ...words(floats).flatMap((name) => [name, `${name}f`, `${name}l`]),
]);
