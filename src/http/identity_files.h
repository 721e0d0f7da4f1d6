/*
 * identity_files: the files that say whom we trust and who we are.
 *
 * Laws of this file:
 * - libcurl knows a file by its name: under that name it keeps authorities,
 *   connections and sessions of TLS. A file that is replaced in place must not
 *   go on counting, so for each version of it libcurl gets another spelling of
 *   the same path ("/a" is "/./a" is "/.//a"), made of what stat() says;
 * - what is no regular file is read once (base/read_file.h) and passed as
 *   bytes, where the TLS library takes such; so is a kept one that can no
 *   longer be opened;
 * - a key under a pass phrase is opened by the pass phrase file, or not at
 *   all: OpenSSL would ask at the terminal, or read standard input;
 * - no message shows a spelling, or anything out of a file.
 */
#ifndef EQ_HTTP_IDENTITY_FILES_H
#define EQ_HTTP_IDENTITY_FILES_H

#include <curl/curl.h>

#include "http/request.h"

/* How long a look at the files counts, in nanoseconds: a second. */
#define EQ_IDENTITY_FILES_NS EQ_NS_PER_S

/* A number that differs, for another version of any file of the request; not
 * 0. Without a ca_file the system's authorities count. */
unsigned eq_identity_files_stamp(const struct eq_request *request);

/*
 * Tells libcurl the files, as they are by request->stamp (0: no connection by
 * TLS will be made). `why` gets a message of up to CURL_ERROR_SIZE bytes where
 * one of ours can't be used.
 */
CURLcode eq_identity_files_set(CURL *handle, const struct eq_request *request,
                               char *why);

/*
 * Completes libcurl's message about a failure: the files get the names that
 * they were given, and a key under a pass phrase is called that.
 */
void eq_identity_files_explain(const struct eq_request *request,
                               CURLcode *result, char *detail);

#endif
