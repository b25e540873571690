// Job: System V x86-64 calls with computed registers, and the jump back out of a program that called exit.
        .intel_syntax noprefix
        .text

// A frame with all that a callee must keep. tierlinkLeave goes back to any such frame, given its rsp.
        .macro  saveRegisters
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
        sub     rsp, 8                  // control words, and 16-aligned
        .endm

        .macro  saveState
        saveRegisters
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

// int tierlinkCall(const void *target, CallFrame *frame)
        .globl  tierlinkCall
        .hidden tierlinkCall
        .type   tierlinkCall, @function
        .p2align 4
tierlinkCall:
        .cfi_startproc
        endbr64
        saveState
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
        restoreState
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

// From the code of a signature: the FastCell in r11, the place for V8's answer in r10, arguments where compiled
// code wants them. Enters the engine, calls the slot's code, leaves, and returns its result to V8. Locals, from
// rbp: the answer's place at -56, the FastState at -64, depth, what was entered, boundary and engine from before at
// -72 to -96, the JumpFrame at -112.
        .globl  tierlinkFastCall
        .hidden tierlinkFastCall
        .type   tierlinkFastCall, @function
        .p2align 4
tierlinkFastCall:
        .cfi_startproc
        .cfi_personality 0x9b, DW.ref.__gxx_personality_v0
        .cfi_lsda 0x1b, .LfastHandlers
        saveRegisters
        mov     dword ptr [rsp], 0x1f80 // JS runs with the modes that a thread begins with
        mov     dword ptr [rsp + 4], 0x37f
        sub     rsp, 64
        mov     [rbp - 56], r10
        mov     rbx, [r11 + 8]
        mov     [rbp - 64], rbx
        mov     r12, [rbx]              // mutator
        mov     r13, [rbx + 8]          // engine
        mov     r14, [rbx + 16]         // thread
        cmp     [r12], r13              // another one, or none, once the engine is closed
        jne     .LfastDecline
        cmp     dword ptr [r14 + 24], 0
        jne     .LfastDecline
        mov     eax, [r12 + 8]
        mov     [rbp - 72], rax
        inc     eax
        mov     [r12 + 8], eax          // before the door and the slot are looked at, as in Entry
        mov     rax, [rbx + 32]
        cmp     word ptr [rax], 0
        jne     .LfastUndo
        mov     r11, [rbx + 24]
        mov     r11, [r11]
        test    r11, r11
        jz      .LfastUndo
        mov     rax, [r14]
        mov     [rbp - 96], rax
        mov     [r14], r13
        mov     rax, [r14 + 8]
        mov     [rbp - 88], rax
        lea     rax, [rbp - 48]
        mov     [rbp - 112], rax
        lea     rax, [rip + .LfastLeft]
        mov     [rbp - 104], rax
        lea     rax, [rbp - 112]
        mov     [r14 + 8], rax
        mov     rax, [r14 + 16]
        mov     [rbp - 80], rax
        mov     [r14 + 16], r11
.LfastCall:
        call    r11
        .globl  tierlinkFastReturn
        .hidden tierlinkFastReturn
tierlinkFastReturn:
        cmp     dword ptr [rbx + 40], 0
        jne     .LfastFinish
.LfastLeave:
        mov     rcx, [rbp - 96]
        mov     [r14], rcx
        mov     rcx, [rbp - 88]
        mov     [r14 + 8], rcx
        mov     rcx, [rbp - 80]
        mov     [r14 + 16], rcx
        mov     ecx, [rbp - 72]
        mov     [r12 + 8], ecx
.LfastEnd:
        .cfi_remember_state
        restoreState
        .cfi_restore_state

.LfastUndo:
        mov     eax, [rbp - 72]
        mov     [r12 + 8], eax
.LfastDecline:
        mov     r10, [rbp - 56]
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
.LfastLeft:
        lea     rsp, [rbp - 112]
        mov     rbx, [rbp - 64]
        mov     rdi, rbx
        call    tierlinkFastLeft
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
        mov     r10, [rbp - 56]
        mov     dword ptr [r10], 1
        xor     eax, eax
        xorps   xmm0, xmm0
        jmp     .LfastLeave
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
