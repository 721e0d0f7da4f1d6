/*
 * pin: the module stays where it is.
 *
 * Law of this file: once loaded the core is never unloaded, however it was
 * linked. Lua unloads a C module when its state is closed; the token table,
 * other threads' states and libcurl's own set-up live longer than that. (Our
 * Makefile says so to the linker as well; LuaRocks can't.)
 */
#include <dlfcn.h>

#include "base/compat.h"

void eq_pin(void)
{
  static const char here;
  Dl_info self;
  /* Already loaded, so this opens nothing: it only adds the flag. The handle
   * is leaked on purpose. Where it fails, Lua goes on as it always did. */
  if (dladdr(&here, &self) != 0 && self.dli_fname != NULL) {
    (void)dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
  }
}
