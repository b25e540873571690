// Job: System V x86-64 calls with computed registers, and the jump back out of a program that called exit.
        .intel_syntax noprefix
        .text

// A frame with all that a callee must keep. tierlinkLeave goes back to any such frame, given its rsp.
        .macro  saveState
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
        mov     rdi, rdx
        call    rsi
        xor     eax, eax
.Lreturn:
        restoreState
        .cfi_endproc
        .size   tierlinkProtect, . - tierlinkProtect

// void tierlinkLeave(JumpFrame *frame)
// Safe because the frame is that of a tierlinkProtect or tierlinkCall further up this very stack, so what it saved is there.
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
        jmp     .Lreturn
        .cfi_endproc
        .size   tierlinkLeave, . - tierlinkLeave

        .section .note.GNU-stack, "", @progbits
