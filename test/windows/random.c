/* bcryptprimitives.dll, which Wine 8 does not have: the one function of it that programs written in Rust ask for. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID bytes, ULONG size);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T size) {
  while (size > 0) {
    ULONG piece = size > 65536 ? 65536 : (ULONG)size;
    if (!SystemFunction036(bytes, piece)) return FALSE;
    bytes += piece;
    size -= piece;
  }
  return TRUE;
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD reason, LPVOID reserved) { return TRUE; }
