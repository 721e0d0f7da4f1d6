/*
 * field_syntax: what may stand where in a request.
 *
 * Law of this file: only ASCII is compared, and no locale changes a result.
 */
#ifndef EQ_HTTP_FIELD_SYNTAX_H
#define EQ_HTTP_FIELD_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/* Letters, digits and some marks: RFC 9110, 5.6.2. */
bool eq_is_token(const char *text, size_t n);

/* NUL cuts a C string short; CR and LF start another header. */
bool eq_has_break(const char *text, size_t n);

bool eq_is_visible_ascii(const char *text, size_t n);

/* A field that libcurl derives from the body; another value would let a
 * request be smuggled. */
bool eq_is_framing(const char *name, size_t n);

#endif
