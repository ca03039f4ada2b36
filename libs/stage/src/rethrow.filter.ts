import { Catch, type ArgumentsHost, type RpcExceptionFilter } from '@nestjs/common'
import { throwError, type Observable } from 'rxjs'

/**
 * Rethrows errors unchanged. Nest would replace them by "Internal server error", and the bus needs the original code.
 */
@Catch()
export class Rethrow implements RpcExceptionFilter {
  catch(error: unknown, _: ArgumentsHost): Observable<never> {
    return throwError(() => error)
  }
}
