#include "textflag.h"

// func touch(p unsafe.Pointer)
TEXT ·touch(SB), NOSPLIT, $0-8
	MOVQ p+0(FP), AX
	PREFETCHT0 (AX)
	RET
