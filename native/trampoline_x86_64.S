// Job: System V x86-64 calls with computed registers, and the jump back out of a program that called exit.
        .intel_syntax noprefix
        .text

// A frame with all that a callee must keep. tierlinkLeave goes back to any such frame, given its rsp.
        .macro  saveAll
        push    rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        mov     rbp, rsp
        .cfi_def_cfa_register rbp
        push    rbx
        .cfi_offset rbx, -24
        push    r12
        .cfi_offset r12, -32
        push    r13
        .cfi_offset r13, -40
        push    r14
        .cfi_offset r14, -48
        push    r15
        .cfi_offset r15, -56
        .endm

        .macro  saveState
        saveAll
        sub     rsp, 8                  // control words, and 16-aligned
        stmxcsr [rsp]
        fnstcw  [rsp + 4]
        .endm

        .macro  restoreState
        lea     rsp, [rbp - 40]
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbx
        pop     rbp
        .cfi_def_cfa rsp, 8
        ret
        .endm

// The same where JS, or a thread that was just made, calls: these run with the modes that a thread begins with.
        .macro  saveBeginning
        saveAll
        push    qword ptr [rip + .Lmodes]
        .endm

        .section .rodata.cst8, "aM", @progbits, 8
        .p2align 3
.Lmodes:
        .long   0x1f80, 0x37f           // mxcsr, x87
        .text

// int tierlinkCall(const void *target, CallFrame *frame)
        .globl  tierlinkCall
        .hidden tierlinkCall
        .type   tierlinkCall, @function
        .p2align 4
tierlinkCall:
        .cfi_startproc
        endbr64
        saveBeginning
        mov     rbx, rsi
        mov     [rbx + 152], rsp
        lea     rax, [rip + .Lreturn]
        mov     [rbx + 160], rax
        mov     r11, rdi
        mov     rcx, [rbx + 120]        // stackWords
        test    rcx, rcx
        jz      1f
        lea     rax, [rcx + 1]          // an even number of words keeps the alignment
        and     rax, -2
        shl     rax, 3
        sub     rsp, rax
        mov     rsi, [rbx + 112]        // stack
        mov     rdi, rsp
        rep movsq
1:      mov     rax, [rbx + 128]        // vectorCount
        test    eax, eax
        jz      2f
        movsd   xmm0, qword ptr [rbx + 48]
        movsd   xmm1, qword ptr [rbx + 56]
        movsd   xmm2, qword ptr [rbx + 64]
        movsd   xmm3, qword ptr [rbx + 72]
        movsd   xmm4, qword ptr [rbx + 80]
        movsd   xmm5, qword ptr [rbx + 88]
        movsd   xmm6, qword ptr [rbx + 96]
        movsd   xmm7, qword ptr [rbx + 104]
2:      mov     rdi, [rbx]
        mov     rsi, [rbx + 8]
        mov     rdx, [rbx + 16]
        mov     rcx, [rbx + 24]
        mov     r8, [rbx + 32]
        mov     r9, [rbx + 40]
        call    r11
        .globl  tierlinkCallReturn
        .hidden tierlinkCallReturn
tierlinkCallReturn:
        mov     [rbx + 136], rax
        movsd   qword ptr [rbx + 144], xmm0
        xor     eax, eax
        mov     rbx, [rbp - 8]          // the others are what they were
        leave
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   tierlinkCall, . - tierlinkCall

// int tierlinkProtect(JumpFrame *frame, void (*body)(void *), void *argument)
        .globl  tierlinkProtect
        .hidden tierlinkProtect
        .type   tierlinkProtect, @function
        .p2align 4
tierlinkProtect:
        .cfi_startproc
        endbr64
        saveState
        mov     [rdi], rsp
        lea     rax, [rip + .Lreturn]
        mov     [rdi + 8], rax
        mov     rdi, rdx
        call    rsi
        xor     eax, eax
.Lreturn:
        restoreState
        .cfi_endproc
        .size   tierlinkProtect, . - tierlinkProtect

// void tierlinkLeave(JumpFrame *frame)
// Safe because the frame is that of a tierlinkProtect, tierlinkCall or tierlinkFastCall further up this very stack, so what it saved is there.
        .globl  tierlinkLeave
        .hidden tierlinkLeave
        .type   tierlinkLeave, @function
        .p2align 4
tierlinkLeave:
        .cfi_startproc
        endbr64
        mov     rsp, [rdi]
        fninit                          // what is left may have had values on the x87 stack
        ldmxcsr [rsp]
        fldcw   [rsp + 4]
        cld
        lea     rbp, [rsp + 48]         // 8 bytes and five registers above
        mov     eax, 1
        jmp     [rdi + 8]
        .cfi_endproc
        .size   tierlinkLeave, . - tierlinkLeave

// From the code of a signature: the FastState in r11, the place for V8's answer in r10, arguments where compiled
// code wants them. Enters the engine, calls the slot's code, leaves, and returns its result to V8. Only where
// nothing is entered on this thread yet, so that what was there before need not be kept: all of it is zero.
// On the stack, below what tierlinkLeave wants: the JumpFrame, the answer's place and the FastState.
        .globl  tierlinkFastCall
        .hidden tierlinkFastCall
        .type   tierlinkFastCall, @function
        .p2align 5
tierlinkFastCall:
        .cfi_startproc
        .cfi_personality 0x9b, DW.ref.__gxx_personality_v0
        .cfi_lsda 0x1b, .LfastHandlers
        mov     rax, [r11 + 16]         // thread
        cmp     dword ptr [rax + 24], 0
        jne     .LfastAsk
.LfastKnown:
        cmp     qword ptr [rax], 0
        jne     .LfastDecline
        saveBeginning
        mov     rbx, r11
        mov     r14, rax
        mov     r12, [rbx]              // mutator
        mov     dword ptr [r12 + 8], 1  // before the door and the slot are looked at, as in Entry
        mov     rax, [rbx + 32]
        cmp     word ptr [rax], 0
        jne     .LfastUndo
        mov     r11, [rbx + 24]
        mov     r11, [r11]
        test    r11, r11
        jz      .LfastUndo
        mov     rax, [rbx + 8]
        mov     [r14], rax              // engine
        lea     rax, [rip + tierlinkFastLeft]
        push    rax
        lea     rax, [rbp - 48]
        push    rax
        mov     [r14 + 8], rsp          // boundary
        push    r10
        push    rbx
        mov     [r14 + 16], r11         // what is entered
.LfastCall:
        call    r11
        .globl  tierlinkFastReturn
        .hidden tierlinkFastReturn
tierlinkFastReturn:
        cmp     dword ptr [rbx + 40], 0
        jne     .LfastFinish
.LfastLeave:
        mov     qword ptr [r14], 0
        mov     qword ptr [r14 + 8], 0
        mov     dword ptr [r12 + 8], 0
.LfastEnd:
        mov     r14, [rbp - 32]         // r13 and r15 are what they were
        mov     r12, [rbp - 16]
        mov     rbx, [rbp - 8]
        .cfi_remember_state
        leave
        .cfi_def_cfa rsp, 8
        ret
        .cfi_restore_state

.LfastUndo:
        mov     dword ptr [r12 + 8], 0
        mov     dword ptr [r10], 1
        xor     eax, eax
        xorps   xmm0, xmm0
        jmp     .LfastEnd

// The result as V8 wants it; see FastSignature::Finish.
.LfastFinish:
        mov     ecx, [rbx + 40]
        cmp     ecx, 2
        jb      .LfastByte
        je      .LfastShort
        cmp     ecx, 4
        jb      .LfastBit
        je      .LfastFloat
        mov     rcx, 0x1fffffffffffff
        lea     rdx, [rax + rcx]
        add     rcx, rcx
        cmp     rdx, rcx
        ja      .LfastUnsafe
        xorps   xmm0, xmm0
        cvtsi2sd xmm0, rax
        jmp     .LfastLeave
.LfastByte:
        movsx   eax, al
        jmp     .LfastLeave
.LfastShort:
        movsx   eax, ax
        jmp     .LfastLeave
.LfastBit:
        and     eax, 1
        jmp     .LfastLeave
.LfastFloat:
        cvtss2sd xmm0, xmm0
        jmp     .LfastLeave

// tierlinkLeave comes here, with rbp as it was.
        .globl  tierlinkFastLeft
        .hidden tierlinkFastLeft
tierlinkFastLeft:
        lea     rsp, [rbp - 80]
        mov     rbx, [rsp]
        mov     rdi, rbx
        call    tierlinkFastWasLeft
        jmp     .LfastFailed
.LfastUnsafe:
        mov     rdi, rbx
        mov     rsi, rax
        call    tierlinkFastUnsafe
        jmp     .LfastFailed
// The unwinder comes here, with the registers that a callee keeps.
.LfastThrew:
        mov     rdi, rbx
        mov     rsi, rax
        call    tierlinkFastThrew
.LfastFailed:
        mov     r12, [rbx]
        mov     r14, [rbx + 16]
        mov     r10, [rbp - 72]
        mov     dword ptr [r10], 1
        xor     eax, eax
        xorps   xmm0, xmm0
        mov     r13, [rbp - 24]         // after a jump these are anybody's
        mov     r15, [rbp - 40]
        jmp     .LfastLeave

// Before anything is kept. There is something on this thread that runs JS: only who can't come to it goes on.
.LfastAsk:
        .cfi_def_cfa rsp, 8
        .cfi_restore rbp
        .cfi_restore rbx
        .cfi_restore r12
        .cfi_restore r13
        .cfi_restore r14
        .cfi_restore r15
        cmp     dword ptr [rax + 28], 0
        jne     .LfastDecline
        mov     rax, [r11 + 48]
        cmp     byte ptr [rax], 0
        mov     rax, [r11 + 16]
        je      .LfastKnown
.LfastDecline:
        mov     dword ptr [r10], 1
        xor     eax, eax
        xorps   xmm0, xmm0
        ret
.LfastCode:
        .cfi_endproc
        .size   tierlinkFastCall, . - tierlinkFastCall

// What the compiler would write for a try block around the call: everything is caught; what tierlinkFastThrew itself
// throws goes on.
        .section .gcc_except_table, "a", @progbits
        .p2align 2
.LfastHandlers:
        .byte   0xff                    // landing pads count from the function
        .byte   0x9b                    // types: indirect, relative, 4 bytes
        .uleb128 .LfastTypes - .LfastSites
.LfastSites:
        .byte   0x01                    // call sites: uleb128
        .uleb128 .LfastSitesEnd - .LfastSite
.LfastSite:
        .uleb128 .LfastCall - tierlinkFastCall
        .uleb128 tierlinkFastReturn - .LfastCall
        .uleb128 .LfastThrew - tierlinkFastCall
        .uleb128 1
        .uleb128 tierlinkFastReturn - tierlinkFastCall
        .uleb128 .LfastCode - tierlinkFastReturn
        .uleb128 0
        .uleb128 0
.LfastSitesEnd:
        .byte   1                       // the first type
        .byte   0                       // and no other
        .p2align 2
        .long   0                       // any
.LfastTypes:

        .hidden DW.ref.__gxx_personality_v0
        .weak   DW.ref.__gxx_personality_v0
        .section .data.rel.local.DW.ref.__gxx_personality_v0, "awG", @progbits, DW.ref.__gxx_personality_v0, comdat
        .p2align 3
        .type   DW.ref.__gxx_personality_v0, @object
        .size   DW.ref.__gxx_personality_v0, 8
DW.ref.__gxx_personality_v0:
        .quad   __gxx_personality_v0

        .section .note.GNU-stack, "", @progbits
