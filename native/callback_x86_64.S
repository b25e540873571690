// Job: the step from a function pointer that stands for a JS function to C++, with the registers that carry
// arguments.
        .intel_syntax noprefix
        .text

// The code of one thunk, which is copied; its cell lies one page behind it (callback_thunks.h).
        .globl  tierlinkCallbackThunk
        .hidden tierlinkCallbackThunk
        .type   tierlinkCallbackThunk, @function
        .p2align 4
tierlinkCallbackThunk:
        endbr64                         // 4 bytes, and 7 for the next one
        lea     r11, [rip + 4096 - 11]
        jmp     qword ptr [r11]
        .p2align 4, 0xcc
        .size   tierlinkCallbackThunk, . - tierlinkCallbackThunk

// Thunks come here with their cell in r11. Calls tierlinkCallbackCall(cell, frame) with the CallbackFrame of
// callback.h, and returns what it stored there. For the unwinder this is the frame of the function that was called.
        .globl  tierlinkCallbackEntry
        .hidden tierlinkCallbackEntry
        .type   tierlinkCallbackEntry, @function
        .p2align 4
tierlinkCallbackEntry:
        .cfi_startproc
        endbr64
        push    rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        mov     rbp, rsp
        .cfi_def_cfa_register rbp
        sub     rsp, 144
        mov     [rsp], rdi
        mov     [rsp + 8], rsi
        mov     [rsp + 16], rdx
        mov     [rsp + 24], rcx
        mov     [rsp + 32], r8
        mov     [rsp + 40], r9
        movsd   qword ptr [rsp + 48], xmm0
        movsd   qword ptr [rsp + 56], xmm1
        movsd   qword ptr [rsp + 64], xmm2
        movsd   qword ptr [rsp + 72], xmm3
        movsd   qword ptr [rsp + 80], xmm4
        movsd   qword ptr [rsp + 88], xmm5
        movsd   qword ptr [rsp + 96], xmm6
        movsd   qword ptr [rsp + 104], xmm7
        lea     rax, [rbp + 16]         // what the caller put on the stack
        mov     [rsp + 112], rax
        mov     rdi, r11
        mov     rsi, rsp
        call    tierlinkCallbackCall
        mov     rax, [rsp + 120]
        movsd   xmm0, qword ptr [rsp + 128]
        leave
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   tierlinkCallbackEntry, . - tierlinkCallbackEntry

        .section .note.GNU-stack, "", @progbits
