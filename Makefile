# tierce. `make` builds, `make demo` shows it, `make test` proves it; `make help` lists the rest.

VERSION  = 0.1.0
CC      ?= cc
PREFIX  ?= /usr/local
B        = build

WARN     = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
CFLAGS  ?= -O3 -g
# Worth a few percent of a decision where the compiler knows them: functions of a library are called as they stand
# (no other may take their place), and memory is wiped by calls, since GCC's "rep stos" takes tens of cycles to begin.
FAST = $(eval FAST := $(shell for f in -fno-semantic-interposition -mmemset-strategy=unrolled_loop:128:noalign,libcall:-1:noalign; do \
          printf 'int x;' | $(CC) -Werror $$f -fsyntax-only -x c - 2>/dev/null && echo "$$f"; done))$(FAST)
# -ffp-contract=off: trainer and edge must compute the same bits on every machine.
ALL_CFLAGS = -std=c11 -Werror=implicit-function-declaration -D_POSIX_C_SOURCE=200809L -DTIERCE_RELEASE='"$(VERSION)"' $(WARN) -ffp-contract=off \
             -fPIC -I. -MMD -MP $(FAST) $(CFLAGS)

EDGE_SRC  = $(sort $(wildcard features/*.c models/*.c)) infer/router.c infer/router_file.c infer/policy.c infer/swap.c
DATA_SRC  = $(sort $(wildcard data/*.c data/import/*.c))
# what of data/ only the larger programs need: cJSON comes with it
HEAVY_SRC = data/dom.c data/dom_twice.c data/tiers.c data/tiers_odd.c data/zst.c data/litellm.c data/check.c data/each.c data/export_batch.c \
            data/export_batch_folder.c data/export_csv.c data/export_lost.c data/findings.c data/likeness.c data/merge.c data/merge_write.c data/names.c \
            data/outcome_raw.c data/record_raw.c data/sample.c data/split.c data/stats.c $(sort $(wildcard data/import/*.c))
SMALL_SRC = $(filter-out $(EDGE_SRC),$(sort $(wildcard infer/*.c)))
DISPATCH_SRC = $(sort $(wildcard infer/dispatch/*.c))
TRAIN_SRC = $(sort $(wildcard train/*.c))
# what `tierce` needs of data/: no cJSON, so that the small program stays small
LIGHT_SRC = $(filter-out $(HEAVY_SRC),$(DATA_SRC))

obj = $(patsubst %.c,$(B)/%.o,$(1))
EDGE_OBJ  = $(call obj,$(EDGE_SRC))
LIGHT_OBJ = $(call obj,$(LIGHT_SRC))
SMALL_OBJ = $(call obj,$(SMALL_SRC))
TRAIN_OBJ = $(call obj,$(TRAIN_SRC) $(HEAVY_SRC))
# tierce-dispatch: what sends, with the policy options and the printing of decisions that score has
DISPATCH_OBJ = $(call obj,$(DISPATCH_SRC) data/dom.c data/dom_twice.c data/tiers.c infer/open.c infer/deflate.c infer/decision_out.c)
LIB_OBJ   = $(filter-out $(B)/infer/main.o $(B)/train/main.o,$(EDGE_OBJ) $(LIGHT_OBJ) $(SMALL_OBJ) $(TRAIN_OBJ))

TRAIN_LIBS = -llinear -lcjson -lzstd -lz -lm
EDGE_LIBS  = -lz -lm
DISPATCH_LIBS = -lcurl -levent_core -lsqlite3 -lcjson -lzstd -lz -lm -pthread
# Optional: Redis as a ledger, and opening models by libdeflate. Looked for when first asked, which is behind `deps`.
has_header = $(shell printf '\043include <$(1)>\n' | $(CC) -fsyntax-only -x c - 2>/dev/null && echo yes)
HAVE_HIREDIS = $(eval HAVE_HIREDIS := $(call has_header,hiredis/hiredis.h))$(HAVE_HIREDIS)
HAVE_LIBDEFLATE = $(eval HAVE_LIBDEFLATE := $(call has_header,libdeflate.h))$(HAVE_LIBDEFLATE)
HIREDIS_LIBS = $(if $(HAVE_HIREDIS),-lhiredis)
DEFLATE_LIBS = $(if $(HAVE_LIBDEFLATE),-ldeflate)
$(B)/infer/dispatch/%.o: ALL_CFLAGS += $(if $(HAVE_HIREDIS),-DHAVE_HIREDIS)
$(B)/infer/deflate.o: ALL_CFLAGS += $(if $(HAVE_LIBDEFLATE),-DHAVE_LIBDEFLATE)

.PHONY: all wasm demo test bench quality install dist clean help deps pretrained single check fuzz mutants format
all: deps $(B)/tierce $(B)/tierce-train $(B)/tierce-dispatch $(B)/libtierce.a $(B)/libtierce.so

# ---- building ----

# order-only: with -j nothing is compiled before its headers are installed
$(B)/%.o: %.c | deps
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(B)/libtierce.a: $(EDGE_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/libtierce.so: $(EDGE_OBJ)
	$(CC) -shared -Wl,-soname,libtierce.so.0 $(CFLAGS) $(LDFLAGS) $^ -o $@ $(EDGE_LIBS)

$(B)/tierce: $(SMALL_OBJ) $(LIGHT_OBJ) $(B)/libtierce.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(DEFLATE_LIBS) $(EDGE_LIBS) -pthread

$(B)/tierce-train: $(TRAIN_OBJ) $(LIGHT_OBJ) $(B)/libtierce.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(TRAIN_LIBS)

$(B)/tierce-dispatch: $(DISPATCH_OBJ) $(LIGHT_OBJ) $(B)/libtierce.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ $(DEFLATE_LIBS) $(HIREDIS_LIBS) $(DISPATCH_LIBS)

# the scriptable upstream of the dispatcher's tests
MOCK_OBJ  = $(call obj,$(sort $(wildcard tests/dispatch/mock*.c)) data/dom.c)
$(B)/mock: $(MOCK_OBJ) $(LIGHT_OBJ) $(B)/libtierce.a
	$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@ -lcjson $(EDGE_LIBS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# Installs what is missing from the distribution's packages (root or sudo). Says so and goes on where
# there is no apt-get.
deps:
	@sh tests/install.sh

# ---- showing ----

demo: all
	@sh tests/demo.sh $(B)

pretrained: all
	@sh tests/pretrained.sh $(B)

# ---- proving ----

test: all
	@sh tests/run.sh $(B) "$(CC)"

check: all
	@sh tests/check/arrows.sh && sh tests/check/symbols.sh $(B)/libtierce.a

bench: all
	@sh tests/bench.sh $(B) "$(CC)" $(CORPORA)

quality: all
	@sh tests/bench/quality.sh $(B) $(or $(CORPORA),../shared/corpora) $(PEERS)

fuzz:
	@sh tests/fuzz.sh $(B) 60

# Can the tests fail? Breaks a copy of the source in some fifty places.
mutants:
	@sh tests/check/mutants.sh

# ---- shipping ----

wasm: all
	@sh infer/wasm/package.sh $(B)

single:
	@sh tests/check/single.sh $(B)/single

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/share/tierce \
	        $(DESTDIR)$(PREFIX)/include/tierce/features $(DESTDIR)$(PREFIX)/include/tierce/models \
	        $(DESTDIR)$(PREFIX)/include/tierce/infer
	install -m 755 $(B)/tierce $(B)/tierce-train $(B)/tierce-dispatch $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(B)/libtierce.a $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(B)/libtierce.so $(DESTDIR)$(PREFIX)/lib/libtierce.so.0
	ln -sf libtierce.so.0 $(DESTDIR)$(PREFIX)/lib/libtierce.so
	install -m 644 features/status.h features/request.h $(DESTDIR)$(PREFIX)/include/tierce/features
	install -m 644 models/allocator.h $(DESTDIR)$(PREFIX)/include/tierce/models
	install -m 644 infer/router.h infer/swap.h $(DESTDIR)$(PREFIX)/include/tierce/infer
	install -m 644 $(wildcard models/*.tierce models/*.md) $(DESTDIR)$(PREFIX)/share/tierce
	printf 'prefix=%s\nName: tierce\nDescription: learned routing decisions between model tiers\nVersion: %s\nCflags: -I$${prefix}/include/tierce\nLibs: -L$${prefix}/lib -ltierce\nLibs.private: -lz -lm\n' \
	    '$(PREFIX)' '$(VERSION)' > $(DESTDIR)$(PREFIX)/lib/pkgconfig/tierce.pc

dist:
	@mkdir -p $(B)
	@git rev-parse --git-dir >/dev/null 2>&1 || { echo 'make dist needs the git repository'; exit 1; }
	git archive --format=tar.gz --prefix=tierce-$(VERSION)/ -o $(B)/tierce-$(VERSION).tar.gz HEAD
	@echo $(B)/tierce-$(VERSION).tar.gz

clean:
	rm -rf $(B)

help:
	@echo 'make             programs and libraries into build/'
	@echo 'make demo        train, evaluate, route and explain on a simulated sample'
	@echo 'make test        the whole test suite'
	@echo 'make bench       benchmarks (CORPORA=DIR, default ../shared/corpora)'
	@echo 'make quality     out-of-fold figures by ../shared/peers/judge.py (PEERS=peers: beside the peers)'
	@echo 'make pretrained  rebuild models/flash-pro.tierce where the corpora are'
	@echo 'make wasm        the npm package (WebAssembly, by clang, lld and wasi-libc) in build/npm'
	@echo 'make single      the edge library as one tierce.c + tierce.h in build/single'
	@echo 'make mutants     each of some fifty faults, put into a copy of the source, must be found by its test'
	@echo 'make fuzz        each fuzz target for 60 s (clang)'
	@echo 'make check       house rules: arrows, symbols of the edge library'
	@echo 'make install     PREFIX=/usr/local, DESTDIR='
	@echo 'make dist        a source tarball'
